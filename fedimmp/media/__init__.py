"""Craft with pictures: where their bytes lie and how they are made small."""
