"""The dashboard. Sits on top of every room; no room imports it."""
