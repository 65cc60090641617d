# SPDX-License-Identifier: Apache-2.0

my $sock = IO::Socket::INET->new(PeerAddr => $host, PeerPort => 80); # hit: io-socket-inet

my $sock = IO::Socket::IP->new(PeerHost => $host, PeerPort => 80); # fine: io-socket-inet

use IO::Socket::INET;                                           # hit: io-socket-inet

use IO::Socket::INET6;                                          # fine: io-socket-inet

# IO::Socket::INET is for IPv4                                  # fine: io-socket-inet
use IO::Socket::IP;

my ($port, $addr) = unpack_sockaddr_in(getpeername($client));   # hit: perl-sockaddr

my ($err, $addr, $port) = getnameinfo(getpeername($client), NI_NUMERICHOST); # fine: perl-sockaddr

my ($port, $addr) = $family == AF_INET6 ? unpack_sockaddr_in6($peer) : unpack_sockaddr_in($peer); # fine: perl-sockaddr

socket(my $s, PF_INET, SOCK_STREAM, getprotobyname('tcp'));     # hit: af-inet

socket(my $s, $info->{family}, $info->{socktype}, $info->{protocol}); # fine: af-inet

bind($s, sockaddr_in($port, INADDR_ANY)) or die "bind: $!";     # hit: perl-sockaddr, inaddr-any

my $packed = gethostbyname($host) or die;                       # hit: gethostbyname

my @h = (gethostbyname $host)[4];                               # hit: gethostbyname

die "gethostbyname failed: $!";                                 # fine: gethostbyname

=pod
The calls gethostbyname($host) and inet_ntoa($addr) are not used. # fine: gethostbyname, inet-ntoa
=cut

my $ip = inet_ntoa($packed);                                    # hit: inet-ntoa

my $ip = inet_ntop($family, $packed);                           # fine: inet-ntoa

my $packed = inet_aton('www.example.net');                      # hit: inet-aton

setsockopt($s, SOL_SOCKET, SO_BROADCAST, 1);                    # hit: broadcast

my @octets = split /\./, $ip;                                   # hit: split-dots

my @labels = split /\./, $name;                                 # fine: split-dots

my ($host, $port) = split /:/, $server;                         # hit: split-port

my ($user, $pass) = split /:/, $line;                           # fine: split-port

my ($host, $port) = $server =~ /^(.*):(\d+)$/;                  # fine: split-port

if ($line =~ /^(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\s/) {       # hit: ipv4-regex
    $hits{$1}++;
}

if ($line =~ m{^(\S+) (\S+) (\S+) \[(.*?)\]}) {                 # fine: ipv4-regex
    $hits{$1}++;
}

my ($version) = $out =~ /version\s+([\d.]+)/;                   # fine: ipv4-regex

my $octet = qr/25[0-5]|2[0-4]\d|[01]?\d\d?/;                    # hit: ipv4-regex

return unless /^-?[\d.]+$/;                                     # fine: ipv4-regex

(my $net = $ip) =~ s/\.\d+$/.0/;                                # hit: last-octet

(my $base = $file) =~ s/\.[^.]+$//;                             # fine: last-octet

(my $page = $man) =~ s/\.\d+$//;                                # fine: last-octet

printf "%d.%d.%d.%d\n", unpack('C4', $packed);                  # hit: ipv4-format

printf "%vd\n", $^V;                                            # fine: ipv4-format

my $url = "http://$host:$port/";                                # hit: format-port

my $pair = "$key:$value";                                       # fine: format-port

my $res = Net::DNS::Resolver->new->query($name, 'A');           # hit: record-a

my $res = Net::DNS::Resolver->new->query($name, $type);         # fine: record-a

my $daemon = HTTP::Daemon->new(LocalAddr => '0.0.0.0');         # hit: wildcard

my $daemon = HTTP::Daemon->new(LocalAddr => '::');              # fine: wildcard

my @allow = ('127.0.0.1');                                      # hit: loopback

my @allow = qw(127.0.0.1 ::1);                                  # fine: loopback

my $raw = socket($s, $family, SOCK_RAW, IPPROTO_ICMP);          # hit: icmp

my $mask = '255.255.255.0';                                     # hit: netmask

my $rev = join('.', reverse split(/\./, $ip)) . '.in-addr.arpa'; # hit: split-dots, arpa

my $rev = Net::IP->new($ip)->reverse_ip;                        # fine: arpa

my $n = ip2num($ip);                                            # hit: ip-to-integer

my $at = $hour . ':' . $minute;                                 # fine: join-port

system("iptables -I INPUT -s $ip -j DROP");                     # hit: iptables

system("nft add element inet filter bad { $ip }");              # fine: iptables

if ($ip =~ /^(10\.|192\.168\.)/) {                              # hit: private-prefix
    $office = 1;
}
