# Writes Envoy's configuration from the route tables of this very image, then becomes Envoy.
set -eu
noughts envoy "$@" > /tmp/envoy.json
exec envoy --config-path /tmp/envoy.json --disable-hot-restart --concurrency "${ENVOY_CONCURRENCY:-2}" --log-level warning \
  --drain-time-s 10 --drain-strategy immediate --file-flush-interval-msec 500
