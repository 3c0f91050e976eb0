"""For engineers: the sidecar itself."""

from k8s.monitoring.dashboard.panels import Panel, Query, Row, override
from k8s.monitoring.dashboard.queries import of_sidecars, rate, series

_START = series("process_start_time_seconds")
_LOADED = series("sidecar_config_last_reload_success_timestamp_seconds")
_WHICH = "namespace, pod, instance"

PROCESS = Row(
    "The sidecar itself",
    (
        Panel(
            title="Memory",
            about="In RAM, of each sidecar. docs/operations.md says what to expect.",
            queries=(Query(of_sidecars("process_resident_memory_bytes"), "{{pod}}"),),
            unit="bytes",
        ),
        Panel(
            title="CPU",
            about="Cores in use by each sidecar. It has one core at most to use.",
            queries=(
                Query(
                    f"rate({series('process_cpu_seconds_total')}[$__rate_interval])\n"
                    f"and on ({_WHICH}) {series('sidecar_build_info')}",
                    "{{pod}}",
                ),
            ),
            unit="none",
        ),
        Panel(
            title="Lag of the event loop",
            about="How late the sidecar comes to its work; every call waits that long too. Over 0.1 s for minutes: too "
            "little CPU, or a CPU limit that throttles it.",
            queries=(Query(f"max by (pod) ({series('sidecar_loop_lag_seconds')})", "{{pod}}"),),
            unit="s",
        ),
        Panel(
            title="File descriptors in use",
            about="Share of those allowed; each connection is one.",
            queries=(
                Query(
                    f"{series('process_open_fds')} / {series('process_max_fds')}\n"
                    f"and on ({_WHICH}) {series('sidecar_build_info')}",
                    "{{pod}}",
                ),
            ),
            unit="percentunit",
            more={"fieldConfig": {"defaults": {"min": 0, "max": 1}}},
        ),
        Panel(
            title="Log lines dropped",
            about="Lost per second because their reader was too slow. Calls are not slowed down for it. Must be 0.",
            queries=(Query(rate("pod", "sidecar_log_lines_dropped_total"), "{{pod}}"),),
            unit="cps",
        ),
        Panel(
            title="Values taken out of the log",
            about="By kind, per second: secrets and personal data that were redacted before they were written.",
            queries=(Query(rate("kind", "sidecar_redactions_total"), "{{kind}}"),),
            unit="cps",
            stacked=True,
            empty="nothing had to be taken out",
        ),
        Panel(
            title="Parts that could not be checked",
            about="Per second. Not redacted: parts of calls that were left out of the log because they could not be "
            "redacted, or not in time. Not read: answers too long, or streamed, for a rule under success or throttled.",
            queries=(
                Query(rate("pod", "sidecar_redaction_failures_total"), "{{pod}} not redacted"),
                Query(rate("provider", "sidecar_success_unread_total"), "{{provider}} not read"),
            ),
            unit="cps",
        ),
        Panel(
            title="Traces",
            about="Spans that the collector has taken, and those lost on the way, by reason, per second. Calls do not "
            "wait for it. Nothing here unless telemetry.otlp is set.",
            queries=(
                Query(rate("pod", "sidecar_spans_exported_total"), "{{pod}} taken"),
                Query(rate("reason", "sidecar_spans_dropped_total"), "lost: {{reason}}"),
            ),
            unit="cps",
        ),
        Panel(
            title="Reloads of the configuration",
            about="By result. A failed one changes nothing: the old configuration stays in force, and the log says "
            "what is wrong (event reload_failed).",
            queries=(
                Query(
                    f"sum by (result) (increase({series('sidecar_config_reloads_total')}[$__rate_interval]))",
                    "{{result}}",
                ),
            ),
            more={"fieldConfig": {"defaults": {"decimals": 0}}},
        ),
        Panel(
            kind="table",
            title="Versions and ages",
            about="Every sidecar with its version, since when it runs, and since when its configuration is in force. "
            "Different ages of the configuration in one Deployment: some sidecars could not reload.",
            queries=(
                Query(f"max by (namespace, pod, version) ({series('sidecar_build_info')}) * 0", "Version", once=True),
                Query(
                    f"max by (namespace, pod) ({_START}\nand on ({_WHICH}) {series('sidecar_build_info')}) * 1000",
                    "Runs since",
                    once=True,
                ),
                Query(f"max by (namespace, pod) ({_LOADED}) * 1000", "Configuration since", once=True),
            ),
            empty="no sidecar found",
            more={
                "fieldConfig": {
                    "overrides": [
                        override("Version", custom__hidden=True),
                        override("Runs since", unit="dateTimeFromNow"),
                        override("Configuration since", unit="dateTimeFromNow"),
                    ]
                }
            },
        ),
    ),
)
