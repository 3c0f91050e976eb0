# The work of the Job, for clusters where nobody stops a sidecar when the app has ended.
set -eu

# Whatever happens below, the sidecar is asked to end, or the pod would run for ever. It finishes the calls in flight and
# exits with 0. No token is needed from within the pod. `sidecar shutdown` does the same where the app's image has it.
trap 'curl --silent --show-error --request POST "$SIDECAR_ADMIN/shutdown" || true' EXIT

# Both containers start at the same time: wait until the sidecar is there (a minute at most).
curl --silent --show-error --retry 60 --retry-delay 1 --retry-connrefused --output /dev/null "$SIDECAR_OPS/startupz"

curl --fail --silent --show-error "$GITHUB_API/zen"
echo
