# SPDX-License-Identifier: Apache-2.0

iptables -A INPUT -p tcp --dport 22 -j ACCEPT                   # hit: iptables

iptables -A INPUT -p tcp --dport 22 -j ACCEPT                   # fine: iptables
ip6tables -A INPUT -p tcp --dport 22 -j ACCEPT

for tables in iptables ip6tables; do                            # fine: iptables
	$tables -P INPUT DROP
done

apt-get install -y iptables curl                                # fine: iptables

iptables-restore < /etc/iptables/rules.v4                       # hit: iptables

# iptables is replaced by nft                                   # fine: iptables
nft add rule inet filter input tcp dport 22 accept

curl -4 https://www.example.net/                                # hit: option-4

curl -s https://www.example.net/                                # fine: option-4

curl -4 -so /dev/null "$url" && curl -6 -so /dev/null "$url"    # fine: option-4

ping -4 -c 3 "$host"                                            # hit: option-4

wget --inet4-only "$url"                                        # hit: option-4

ssh -4 "$host" uptime                                           # hit: option-4

ssh -p 4 "$host" uptime                                         # fine: option-4

head -4 "$file"                                                 # fine: option-4

gzip -4 "$file" && curl -T "$file.gz" "$url"                    # fine: option-4

ip -4 addr show dev eth0                                        # hit: option-4

git log -4 --oneline                                            # fine: option-4

IP=$(hostname -i)                                               # hit: ifconfig-address

IP=$(hostname -I | awk '{print $1}')                            # hit: ifconfig-address

NAME=$(hostname -f)                                             # fine: ifconfig-address

MY_IP=$(ifconfig eth0 | grep 'inet addr' | cut -d: -f2)         # hit: ifconfig-address

MY_IP=$(ip -4 -o addr show eth0 | grep inet | awk '{print $4}') # hit: option-4, ifconfig-address

ip -j address show dev eth0 | jq -r '.[].addr_info[].local'     # fine: ifconfig-address

ifconfig eth0 mtu 1280                                          # fine: ifconfig-address

sort -t. -k1,1n -k2,2n -k3,3n -k4,4n addresses                  # hit: sort-addresses

sort -t . -k 1,1n -k 2,2n -k 3,3n -k 4,4n addresses             # hit: sort-addresses

sort -t: -k3n /etc/passwd                                       # fine: sort-addresses

sort -V versions                                                # fine: sort-addresses

net=$(echo $ip | cut -d. -f1-3)                                 # hit: cut-dots

major=$(echo "$version" | cut -d. -f1)                          # fine: cut-dots

base=$(basename "$file" | cut -d. -f1)                          # fine: cut-dots

user=$(cut -d: -f1 /etc/passwd)                                 # fine: cut-dots

last=$(echo "$IPADDR" | cut -d '.' -f 4)                        # hit: cut-dots

host=${hostport%%:*}                                            # hit: split-port

host=${hostport%:*}                                             # fine: split-port

port=${url##*:}                                                 # fine: split-port

grep -oE '[0-9]{1,3}(\.[0-9]{1,3}){3}' access.log | sort | uniq -c # hit: ipv4-regex

grep -oE '^[^ ]+' access.log | sort | uniq -c                   # fine: ipv4-regex

version=$(sed -n 's/^VERSION=\([0-9.]*\)$/\1/p' configure)      # fine: ipv4-regex

grep -Eo 'v[0-9]+\.[0-9]+\.[0-9]+' CHANGES | head -n 1          # fine: ipv4-regex

sed -i 's/[0-9]\{1,3\}\.[0-9]\{1,3\}\.[0-9]\{1,3\}\.[0-9]\{1,3\}/x.x.x.x/' out.log # hit: ipv4-regex

gunicorn --bind 0.0.0.0:8000 app:app                            # hit: wildcard

gunicorn --bind '[::]:8000' app:app                             # fine: wildcard

gunicorn --bind 0.0.0.0:8000 --bind '[::]:8000' app:app         # fine: wildcard

perl -MFoo::Bar -e 'run("0.0.0.0")'                             # hit: wildcard

redis-cli -h 127.0.0.1 ping                                     # hit: loopback

redis-cli -h localhost ping                                     # fine: loopback

for address in 127.0.0.1 ::1; do                                # fine: loopback
	nc -z "$address" 80
done

java -Djava.net.preferIPv4Stack=true -jar app.jar               # hit: jvm-ipv4

JAVA_OPTS="$JAVA_OPTS -Djava.net.preferIPv4Stack=true"          # hit: jvm-ipv4

java -Djava.net.preferIPv4Stack=false -jar app.jar              # fine: jvm-ipv4

export NODE_OPTIONS=--dns-result-order=ipv4first                # hit: result-order

export NODE_OPTIONS=--max-old-space-size=4096                   # fine: result-order

sysctl -w net.ipv6.conf.all.disable_ipv6=1                      # hit: ipv6-disabled

sysctl -w net.ipv6.conf.all.disable_ipv6=0                      # fine: ipv6-disabled

echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6               # hit: ipv6-disabled

cat /proc/sys/net/ipv6/conf/all/disable_ipv6                    # fine: ipv6-disabled

echo 'precedence ::ffff:0:0/96  100' >> /etc/gai.conf           # hit: gai-precedence

# precedence ::ffff:0:0/96 100 would put IPv4 first             # fine: gai-precedence
getent ahosts "$host"

echo 'Acquire::ForceIPv4 "true";' > /etc/apt/apt.conf.d/99force-ipv4 # hit: force-ipv4

apt-get -o Acquire::ForceIPv4=true update                       # hit: force-ipv4

apt-get -o Acquire::Retries=3 update                            # fine: force-ipv4

ssh -oAddressFamily=inet "$host"                                # hit: address-family

ssh -o AddressFamily=any "$host"                                # fine: address-family

postconf -e inet_protocols=ipv4                                 # hit: inet-protocols

postconf -e 'inet_protocols = ipv4'                             # hit: inet-protocols

postconf -e inet_protocols=all                                  # fine: inet-protocols

ipset add blocked "$ip/32"                                      # hit: host-32

ip -6 route add "$prefix/128" dev lo                            # fine: host-32
ip route add "$address/32" dev lo                               # hit: host-32

awk 'NR > 1 { print $2 }' /proc/net/tcp                         # hit: proc-net

cat /proc/net/tcp /proc/net/tcp6                                # fine: proc-net

host "$rev.in-addr.arpa"                                        # hit: arpa

dig -x "$address"                                               # fine: arpa

aws ec2 authorize-security-group-ingress --cidr 0.0.0.0/0 --port 443 # hit: everything

ip route add 0.0.0.0/0 via "$gateway" && ip -6 route add ::/0 via "$gateway6" # fine: everything

ifconfig eth0 192.0.2.5 netmask 255.255.255.0                   # hit: netmask

ip address add 192.0.2.5/24 dev eth0                            # fine: netmask

url="http://$host:$port/"                                       # hit: format-port

echo "$file:$line"                                              # fine: format-port

echo "at 12:30:00 Foo::Bar 1.2.3.4"                             # fine: wildcard, cut-dots

cat <<END > report
gethostbyname, iptables, 12:30:00                               # fine: iptables, gethostbyname
END
