"""Data in, Topology out. Only callers touch files."""
