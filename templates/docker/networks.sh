#!/bin/sh
# Docker networks of {{ machine.name }}. Written by hextet; run it after dockerd has started, as often as you like.
set -eu
failed=0

# ensure NAME IPV6-SUBNET [IPV4-SUBNET]: creates the network, or says in what an existing one differs.
ensure() {
	want=$2${3:+ $3}
	if have=$(docker network inspect -f '{% raw %}{{range .IPAM.Config}}{{.Subnet}} {{end}}{% endraw %}' "$1" 2>/dev/null); then
		for subnet in $want; do
			case " $have " in
			*" $subnet "*) ;;
			*) echo "$0: network $1 has the subnets $have, not $subnet: remove it with 'docker network rm $1'" >&2; failed=1 ;;
			esac
		done
		return
	fi
	docker network create --ipv6 --subnet "$2" ${3:+--subnet "$3"} "$1" >/dev/null
	echo "created $1: $want"
}

{% for n in networks %}
ensure {{ n.docker_network.name | quote_shell }} {{ n.network }}{% if n.docker_network.ipv4 %} {{ n.docker_network.ipv4 }}{% endif %}{% if n.comment %} # {{ n.comment | replace("\n", " ") }}{% endif %}

{% endfor %}
exit $failed
