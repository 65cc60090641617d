#!/bin/sh
# Gives the cluster the index template of the access logs. Written by hextet; run it as often as you like:
# put-template.sh --cacert /etc/elasticsearch/certs/http_ca.crt -u elastic
set -eu
exec curl -g --fail-with-body -sS -X PUT -H 'Content-Type: application/json' "$@" \
	--data-binary @/etc/hextet/elasticsearch/access-template.json \
	'https://{{ hosts | last | bracket }}:{{ http_port }}/_index_template/hextet-access'
