"""What all tests share: properties are tried on the same examples in every run, unless asked otherwise.

A build that is red once in twenty runs tells nobody anything. ``HYPOTHESIS_PROFILE=search`` looks for new examples.
"""

import os

from hypothesis import HealthCheck, settings

# Slow machines are no mistake of the code under test.
_RELAXED = [HealthCheck.too_slow]
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=_RELAXED)
settings.register_profile("search", deadline=None, max_examples=5000, suppress_health_check=_RELAXED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
