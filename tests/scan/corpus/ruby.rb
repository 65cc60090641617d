# SPDX-License-Identifier: Apache-2.0

address = Socket.gethostbyname(host)                            # hit: gethostbyname

address = Addrinfo.getaddrinfo(host, nil).map(&:ip_address)     # fine: gethostbyname

socket = Socket.new(Socket::AF_INET, Socket::SOCK_STREAM, 0)    # hit: af-inet

socket = Socket.tcp(host, port)                                 # fine: af-inet

family = ip.ipv6? ? Socket::AF_INET6 : Socket::AF_INET          # fine: af-inet

socket.setsockopt(Socket::SOL_SOCKET, Socket::SO_BROADCAST, true) # hit: broadcast

addr = IPSocket.getaddress(host)                                # hit: first-address

ip = Resolv.getaddress(host)                                    # hit: first-address

ips = Resolv.getaddresses(host)                                 # fine: first-address

validates :ip, format: { with: Resolv::IPv4::Regex }            # hit: resolv-ipv4

validates :ip, format: { with: Regexp.union(Resolv::IPv4::Regex, Resolv::IPv6::Regex) } # fine: resolv-ipv4

# Resolv::IPv4::Regex refuses the others                        # fine: resolv-ipv4
IPAddr.new(params[:ip])

IPAddr.new("192.0.2.0/24").to_range.each { |ip| seen[ip.to_s] = true } # hit: enumerate-network

("a".."e").to_a.each { |letter| seen[letter] = true }           # fine: enumerate-network

network = IPAddr.new(cidr)
network.include?(client)                                        # fine: enumerate-network

validates :ip, format: { with: /\A\d{1,3}(\.\d{1,3}){3}\z/ }    # hit: ipv4-regex

VERSION_PATTERN = /\A[0-9]+\.[0-9]+\.[0-9]+\z/                  # fine: ipv4-regex

next if gemfile =~ /^bundler\-[\d\.]+?\.gem/                    # fine: ipv4-regex

line =~ %r{^([\d.]+) \S+ \S+ \[}                                # hit: ipv4-regex

host, port = authority.split(":")                               # hit: split-port

key, value = pair.split(":")                                    # fine: split-port

host, port = endpoint.rpartition(":").values_at(0, 2)           # fine: split-port

a, b, c, d = ip.split(".").map(&:to_i)                          # hit: split-dots

major, minor = RUBY_VERSION.split(".")                          # fine: split-dots

request.remote_ip.sub(/\.\d+$/, ".0")                           # hit: last-octet

File.basename(path).sub(/\.[^.]+$/, "")                         # fine: last-octet

url = "http://#{host}:#{port}/"                                 # hit: format-port

url = URI::HTTP.build(host: host, port: port)                   # fine: format-port

puts "#{file}:#{line}"                                          # fine: format-port

server = TCPServer.new("0.0.0.0", 2000)                         # hit: wildcard

server = TCPServer.new("::", 2000)                              # fine: wildcard

bind "tcp://0.0.0.0:9292"                                       # hit: wildcard

throttle("req/ip", limit: 300, period: 5.minutes) { |req| req.ip } # hit: limit-per-client

throttle("logins/email", limit: 5, period: 20) { |req| req.params["email"] } # fine: limit-per-client

t.string :ip, limit: 15                                         # hit: short-field

t.inet :ip                                                      # fine: short-field

t.string :code, limit: 8                                        # fine: short-field

config.web_console.permissions = "127.0.0.1"                    # hit: loopback

config.web_console.permissions = %w[127.0.0.1 ::1]              # fine: loopback

config.hosts << "localhost"                                     # fine: loopback

text = "%d.%d.%d.%d" % [a, b, c, d]                             # hit: ipv4-format

text = format("%d.%d.%d", major, minor, tiny)                   # fine: ipv4-format

system("iptables", "-I", "INPUT", "-s", ip, "-j", "DROP")       # hit: iptables

return :office if ip.start_with?("10.", "192.168.")             # hit: private-prefix

return :office if IPAddr.new(ip).private?                       # fine: private-prefix

config.vm.network "private_network", ip: "192.0.2.10", netmask: "255.255.255.0" # hit: netmask

config.vm.network "private_network", type: "dhcp"               # fine: netmask

Acme::Client.new(host)                                          # fine: wildcard

rule = "#{ip}/32"                                               # hit: host-32

rule = ip.include?(":") ? "#{ip}/128" : "#{ip}/32"              # fine: host-32

java_opts << "-Djava.net.preferIPv4Stack=true"                  # hit: jvm-ipv4
