"""One file is one policy; order.py is the only list."""
