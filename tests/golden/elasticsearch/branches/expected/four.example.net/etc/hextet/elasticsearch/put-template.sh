#!/bin/sh
# Gives the cluster the index template of the access logs. Written by hextet; run it as often as you like:
# put-template.sh --cacert /etc/elasticsearch/certs/http_ca.crt -u elastic
set -eu
exec curl -g --fail-with-body -sS -X PUT -H 'Content-Type: application/json' "$@" \
	--data-binary @/etc/hextet/elasticsearch/access-template.json \
	'https://192.0.2.3:9201/_index_template/hextet-access'
