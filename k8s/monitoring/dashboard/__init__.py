"""What makes k8s/monitoring/dashboard.json: ``python -m k8s.monitoring.dashboard``."""
