# Writes Envoy's configuration from the route tables of this very image, then becomes Envoy.
set -eu
noughts envoy "$@" > /tmp/envoy.json
exec envoy --config-path /tmp/envoy.json --disable-hot-restart --log-level warn --concurrency "${ENVOY_CONCURRENCY:-2}"
