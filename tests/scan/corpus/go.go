// SPDX-License-Identifier: Apache-2.0

l, err := net.Listen("tcp4", ":80")                             // hit: network-tcp4

l, err := net.Listen("tcp", ":80")                              // fine: network-tcp4

conn, err := net.DialTimeout("udp4", addr, time.Second)         // hit: network-tcp4

conn, err := dialer.DialContext(ctx, "tcp4", addr)              // hit: network-tcp4

addr, err := net.ResolveTCPAddr("tcp4", text)                   // hit: network-tcp4

for _, network := range []string{"tcp4", "tcp6"} {              // fine: network-tcp4
	go dial(network, addr)
}

log.Printf("tcp4 is not supported")                             // fine: network-tcp4

l4, err4 := net.Listen("tcp4", "0.0.0.0:53")                    // fine: network-tcp4, wildcard
l6, err6 := net.Listen("tcp6", "[::]:53")

b := ip.To4()                                                   // hit: to4
n := binary.BigEndian.Uint32(b)

if v4 := ip.To4(); v4 != nil {                                  // fine: to4
	return v4
}
return ip.To16()

// To4() is nil for IPv6                                        // fine: to4
return addr.Unmap()

size := box.To4x3()                                             // fine: to4

mask := net.IPv4Mask(255, 255, 255, 0)                          // hit: go-ipv4

ip := net.IPv4(127, 0, 0, 1)                                    // hit: go-ipv4

conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4zero, Port: 67}) // hit: go-ipv4

conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv6unspecified, Port: 67}) // fine: go-ipv4

zero := map[bool]net.IP{false: net.IPv4zero, true: net.IPv6zero} // fine: go-ipv4

d := net.Dialer{FallbackDelay: -1}                              // hit: no-fallback

d := net.Dialer{FallbackDelay: 300 * time.Millisecond}          // fine: no-fallback

d := net.Dialer{KeepAlive: -1}                                  // fine: no-fallback

addr := fmt.Sprintf("%s:%d", host, port)                        // hit: format-port
conn, err := net.Dial("tcp", addr)

addr := net.JoinHostPort(host, strconv.Itoa(port))              // fine: format-port

where := fmt.Sprintf("%s:%d", file, line)                       // fine: format-port

url := fmt.Sprintf("http://%s:%d/healthz", host, port)          // hit: format-port

url := fmt.Sprintf("http://%s/healthz", net.JoinHostPort(host, port)) // fine: format-port

key := fmt.Sprintf("%v:%v", bucket, id)                         // fine: format-port

return host + ":" + port                                        // hit: join-port

return namespace + ":" + name                                   // fine: join-port

host := strings.Split(r.RemoteAddr, ":")[0]                     // hit: split-port

host, _, err := net.SplitHostPort(r.RemoteAddr)                 // fine: split-port

parts := strings.SplitN(hostport, ":", 2)                       // hit: split-port

host, port, ok := strings.Cut(target, ":")                      // hit: split-port

image, tag, ok := strings.Cut(ref, ":")                         // fine: split-port

i := strings.LastIndex(addr, ":")                               // fine: split-port

isV6 := strings.Contains(addr, ":")                             // fine: split-port

octets := strings.Split(ip, ".")                                // hit: split-dots

labels := strings.Split(name, ".")                              // fine: split-dots

for ip := ip.Mask(ipnet.Mask); ipnet.Contains(ip); inc(ip) {    // hit: enumerate-network
	hosts = append(hosts, ip.String())
}

if ipnet.Contains(ip) {                                         // fine: enumerate-network
	return true
}

var ipRe = regexp.MustCompile(`(\d{1,3}\.){3}\d{1,3}`)          // hit: ipv4-regex

var semver = regexp.MustCompile(`^v(\d+)\.(\d+)\.(\d+)$`)       // fine: ipv4-regex

var line = regexp.MustCompile(`^(?P<remote>[\d.]+) \S+ \S+ \[`) // hit: ipv4-regex

text := fmt.Sprintf("%d.%d.%d.%d", b[0], b[1], b[2], b[3])      // hit: ipv4-format

text := fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)      // fine: ipv4-format

text := netip.AddrFrom4(b).String()                             // fine: ipv4-format

func ipToInt(ip net.IP) uint32 {                                // hit: ip-to-integer
	return binary.BigEndian.Uint32(ip.To4())                // hit: to4
}

type Session struct {
	ClientIP uint32                                         // hit: integer-address
	Port     uint16
}

type Session struct {
	ClientIP netip.Addr                                     // fine: integer-address
	Zip      uint32                                         // fine: integer-address
}

srv := &http.Server{Addr: "0.0.0.0:8080", Handler: mux}         // hit: wildcard

srv := &http.Server{Addr: ":8080", Handler: mux}                // fine: wildcard

flag.StringVar(&addr, "listen", "127.0.0.1:9100", "address to listen on") // hit: loopback

flag.StringVar(&addr, "listen", "localhost:9100", "address to listen on") // fine: loopback

if strings.HasPrefix(ip, "10.") {                               // hit: private-prefix
	return true
}

if netip.MustParseAddr(ip).IsPrivate() {                        // fine: private-prefix
	return true
}

route := dst.String() + "/32"                                   // hit: host-32

route := netip.PrefixFrom(dst, dst.BitLen())                    // fine: host-32

mask := uint32(math.MaxUint32) << (32 - prefixLen)              // hit: prefix-32

mask := net.CIDRMask(ones, 8*len(ip))                           // fine: prefix-32

m.SetQuestion(dns.Fqdn(name), dns.TypeA)                        // hit: record-a

for _, t := range []uint16{dns.TypeA, dns.TypeAAAA} {           // fine: record-a
	ask(name, t)
}

ips, err := net.LookupIP(host)
conn, err := net.Dial("tcp", ips[0].String()+":80")             // hit: first-address

addrs, err := net.DefaultResolver.LookupIPAddr(ctx, host)       // fine: first-address

if govalidator.IsIPv4(text) {                                   // hit: is-ipv4
	return nil
}

if govalidator.IsIPv4(text) || govalidator.IsIPv6(text) {       // fine: is-ipv4
	return nil
}

f, err := os.Open("/proc/net/tcp")                              // hit: proc-net

f, err := os.Open("/proc/net/unix")                             // fine: proc-net

open := []string{"0.0.0.0/0"}                                   // hit: everything

_, subnet, _ := net.ParseCIDR("0.0.0.0/0")                      // fine: everything
_, subnet6, _ := net.ParseCIDR("::/0")

name := strings.Join(reversed, ".") + ".in-addr.arpa."          // hit: arpa

name, err := dns.ReverseAddr(ip)                                // fine: arpa
