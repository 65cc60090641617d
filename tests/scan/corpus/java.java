// SPDX-License-Identifier: Apache-2.0

// The talk's loop: each address of each network in a map.

for (Row row : rows) {
    SubnetUtils utils = new SubnetUtils(row.getNetwork());      // hit: subnet-utils
    for (String address : utils.getInfo().getAllAddresses()) {  // hit: enumerate-network
        exceptions.put(address, row.getCountry());
    }
}

for (String network : networks) {
    exceptions.put(IPAddressString.parse(network), country);    // fine: enumerate-network
}

List<InetAddress> all = server.getAllAddresses();               // fine: enumerate-network

// SubnetUtils was replaced by IPAddress                        // fine: subnet-utils
IPAddress network = new IPAddressString(text).getAddress();

import org.apache.commons.net.util.SubnetUtils;                 // hit: subnet-utils

import org.apache.commons.net.util.SubnetUtils6;                // fine: subnet-utils

// Families.

if (address instanceof Inet4Address) {                          // hit: inet4address
    use(address.getHostAddress());
}

if (address instanceof Inet4Address) {                          // fine: inet4address
    length = 32;
} else if (address instanceof Inet6Address) {
    length = 128;
}

log.info("Inet4Address expected");                              // fine: inet4address

System.setProperty("java.net.preferIPv4Stack", "true");         // hit: jvm-ipv4

System.setProperty("java.net.preferIPv4Stack", "false");        // fine: jvm-ipv4

if (Boolean.getBoolean("java.net.preferIPv4Stack")) {           // fine: jvm-ipv4
    log.warn("IPv4 is preferred");
}

System.setProperty("java.net.preferIPv6Addresses", "true");     // fine: jvm-ipv4

InetAddress address = InetAddress.getByName(host);              // hit: first-address
Socket socket = new Socket(address, port);

for (InetAddress address : InetAddress.getAllByName(host)) {    // fine: first-address
    attempts.add(new InetSocketAddress(address, port));
}

InetAddress loopback = InetAddress.getByName("::1");            // fine: first-address

Socket socket = new Socket(host, port);                         // fine: first-address

ServerSocket server = new ServerSocket(8080, 50, InetAddress.getByName("0.0.0.0")); // hit: wildcard
// fine: first-address

ServerSocket server = new ServerSocket(8080);                   // fine: wildcard

byte[] b = address.getAddress();
int last = address.getAddress()[3] & 0xff;                      // hit: getaddress-loop

if (address.getAddress().length == 4) {                         // hit: getaddress-loop
    return toInt(address);
}

if (address.getAddress().length == 16) {                        // fine: getaddress-loop
    return toBigInteger(address);
}

byte[] bytes = address.getAddress();
return new BigInteger(1, bytes);                                // fine: getaddress-loop

String name = user.getAddress()[0];                             // fine: getaddress-loop

// Text.

private static final Pattern LINE = Pattern.compile("^([\\d.]+) (\\S+) (\\S+) \\[([^\\]]+)\\] \"(.+?)\" (\\d{3}) (\\d+)"); // hit: ipv4-regex

private static final Pattern LINE = Pattern.compile("^(\\S+) (\\S+) (\\S+) \\[([^\\]]+)\\] \"(.+?)\" (\\d{3}) (\\d+)"); // fine: ipv4-regex

private static final String IPV4 = "(([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])\\.){3}([0-9]|25[0-5])"; // hit: ipv4-regex

private static final Pattern IP = Pattern.compile("\\b\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\b"); // hit: ipv4-regex

private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+)\\.(\\d+)(?:-(.*))?"); // fine: ipv4-regex

private static final Pattern IP = Pattern.compile("[0-9a-fA-F:.]+"); // fine: ipv4-regex

private static final Pattern TIME = Pattern.compile("(\\d{2}):(\\d{2}):(\\d{2})"); // fine: ipv4-regex

Pattern mixed = Pattern.compile("id=[0-9a-f]+ client=(\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3})"); // hit: ipv4-regex

@Pattern(regexp = "^(?:[0-9]{1,3}\\.){3}[0-9]{1,3}$")           // hit: ipv4-regex
private String clientIp;

String[] octets = ip.split("\\.");                              // hit: split-dots
long value = Long.parseLong(octets[0]) << 24;

String[] labels = hostname.split("\\.");                        // fine: split-dots

String[] parts = version.split("\\.");                          // fine: split-dots

String[] hp = endpoint.split(":");                              // hit: split-port
return new InetSocketAddress(hp[0], Integer.parseInt(hp[1]));

HostAndPort hp = HostAndPort.fromString(endpoint);              // fine: split-port

String[] hms = time.split(":");                                 // fine: split-port

int colon = address.lastIndexOf(':');                           // fine: split-port

int colon = hostHeader.indexOf(':');                            // hit: split-port
String host = colon < 0 ? hostHeader : hostHeader.substring(0, colon);

boolean v6 = address.indexOf(':') >= 0;                         // fine: split-port

boolean v6 = address.contains(":");                             // fine: split-port

String url = "http://" + host + ":" + port + "/";               // hit: join-port

String key = user + ":" + password;                             // fine: join-port

String target = "[" + host + "]:" + port;                       // fine: join-port

String url = String.format("http://%s:%d/health", host, port);  // hit: format-port

String where = String.format("%s:%d", fileName, lineNumber);    // fine: format-port

String where = String.format("%s:%d", address.getHostName(), port); // hit: format-port

String clock = String.format("%02d:%02d:%02d", h, m, s);        // fine: format-port

String anonymous = ip.substring(0, ip.lastIndexOf('.')) + ".0"; // hit: last-octet

String base = fileName.substring(0, fileName.lastIndexOf('.')); // fine: last-octet

String anonymous = ip.replaceAll("\\.\\d{1,3}$", ".0");         // hit: last-octet

String stem = fileName.replaceAll("\\.[^.]+$", "");             // fine: last-octet

if (ip.startsWith("10.") || ip.startsWith("192.168.")) {        // hit: private-prefix
    return Zone.OFFICE;
}

if (javaVersion.startsWith("1.8")) {                            // fine: private-prefix
    return Zone.OLD;
}

if (address.isSiteLocalAddress() || address.isLoopbackAddress()) { // fine: private-prefix
    return Zone.OFFICE;
}

if ("127.0.0.1".equals(remote)) {                               // hit: loopback
    return true;
}

return "127.0.0.1".equals(remote) || "0:0:0:0:0:0:0:1".equals(remote); // fine: loopback

long n = ipToLong(request.getRemoteAddr());                     // hit: ip-to-integer

public static long ipToLong(String ip) {                        // hit: ip-to-integer
    long result = 0;
    for (String part : ip.split("\\."))                         // hit: split-dots
        result = result << 8 | Integer.parseInt(part);
    return result;
}

long n = zipToLong(entry);                                      // fine: ip-to-integer

@Column(name = "client_ip", length = 15)                        // hit: short-field
private String clientIp;

@Column(name = "client_ip", length = 45)                        // fine: short-field
private String clientIp;

@Column(name = "phone", length = 15)                            // fine: short-field
private String phone;

firewall.allow(ip + "/32");                                     // hit: host-32

firewall.allow(ip + (v6 ? "/128" : "/32"));                     // fine: host-32

int mask = 0xffffffff << (32 - prefixLength);                   // hit: prefix-32

int rotated = x << n | x >>> (32 - n);                          // fine: prefix-32

if (prefix < 0 || prefix > 32) {                                // hit: prefix-32
    throw new IllegalArgumentException("prefix");
}

String octets = String.format("%d.%d.%d.%d", b[0] & 255, b[1] & 255, b[2] & 255, b[3] & 255); // hit: ipv4-format

String version = String.format("%d.%d.%d", major, minor, patch); // fine: ipv4-format

String name = reversed + ".in-addr.arpa";                       // hit: arpa

String name = v6 ? nibbles + ".ip6.arpa" : reversed + ".in-addr.arpa"; // fine: arpa

socket.setBroadcast(true);                                      // hit: broadcast
socket.send(new DatagramPacket(hello, hello.length, broadcast, 9999));

context.sendBroadcast(new Intent("refresh"));                   // fine: broadcast

if (!InetAddressValidator.getInstance().isValidInet4Address(text)) { // hit: is-ipv4
    throw new IllegalArgumentException(text);
}

InetAddressValidator v = InetAddressValidator.getInstance();
return v.isValidInet4Address(text) || v.isValidInet6Address(text); // fine: is-ipv4

return InetAddressValidator.getInstance().isValid(text);        // fine: is-ipv4

HttpServer.create(new InetSocketAddress("0.0.0.0", 8000), 0);   // hit: wildcard

List<String> listen = List.of("0.0.0.0:8000", "[::]:8000");     // fine: wildcard

String release = "10.0.0.0";                                    // fine: wildcard
String build = "0.0.0.0.1";                                     // fine: wildcard

String mask = "255.255.255.255";                                // hit: netmask

if (new File("/proc/net/route").exists()) {                     // hit: proc-net
    routes = readRoutes();
}

Path statistics = Path.of("/proc/net/snmp");                    // fine: proc-net

jdbc.update("INSERT INTO visits (ip) VALUES (INET_ATON(?))", ip); // hit: sql-inet-aton

jdbc.update("INSERT INTO visits (ip) VALUES (INET6_ATON(?))", ip); // fine: sql-inet-aton

SecurityGroupRule.ingress("0.0.0.0/0", 443);                    // hit: everything

SecurityGroupRule.ingress(List.of("0.0.0.0/0", "::/0"), 443);   // fine: everything
