#!/bin/sh
# Docker networks of named.example.net. Written by hextet; run it after dockerd has started, as often as you like.
set -eu
failed=0

# ensure NAME IPV6-SUBNET [IPV4-SUBNET]: creates the network, or says in what an existing one differs.
ensure() {
	want=$2${3:+ $3}
	# Docker also takes the beginning of another network's id for a name.
	have=$(docker network inspect -f '{{.Name}}:{{range .IPAM.Config}} {{.Subnet}}{{end}}' "$1" 2>/dev/null) || have=
	case $have in
	"$1:"*) have=${have#*:} ;;
	*)
		docker network create --ipv6 --subnet "$2" ${3:+--subnet "$3"} "$1" >/dev/null
		echo "created $1: $want"
		return
		;;
	esac
	for subnet in $want; do
		case "$have " in
		*" $subnet "*) ;;
		*)
			echo "$0: network $1 has the subnets$have, not $subnet: remove it with 'docker network rm $1', then run this again" >&2
			failed=1
			;;
		esac
	done
}

# quotes ' and ", $(reboot), `reboot`, {{ machine.name }}, {% raw %}, \ and ; reboot
ensure quotes 2001:db8:1:2:1::/80
# one line reboot  $(reboot) tab    [2J bell
ensure _lines.and-dashes_ 2001:db8:1:2:2::/80 172.18.2.0/24
ensure db 2001:db8:1:2:3::/80
exit $failed
