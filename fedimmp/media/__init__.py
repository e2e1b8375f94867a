"""Craft: files, and pictures made safe."""
