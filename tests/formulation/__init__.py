"""Tests: formulation."""
