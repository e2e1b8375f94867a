"""Rows and SQL: the only package that talks to PostgreSQL.

It knows ids, text and JSON. It builds no activity, checks no permission, and imports neither the
product nor the protocol.
"""
