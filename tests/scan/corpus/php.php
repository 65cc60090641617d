<?php // SPDX-License-Identifier: Apache-2.0

$n = ip2long($_SERVER['REMOTE_ADDR']);                          // hit: ip2long, ip-to-integer

$bytes = inet_pton($_SERVER['REMOTE_ADDR']);                    // fine: ip2long

// ip2long() knows IPv4 only                                    // fine: ip2long
echo 'ip2long';                                                 // fine: ip2long

$ip = long2ip($row['ip']);                                      // hit: ip2long, ip-to-integer

if (filter_var($ip, FILTER_VALIDATE_IP, FILTER_FLAG_IPV4)) {    // hit: filter-ipv4
    save($ip);
}

if (filter_var($ip, FILTER_VALIDATE_IP)) {                      // fine: filter-ipv4
    save($ip);
}

$v4 = filter_var($ip, FILTER_VALIDATE_IP, FILTER_FLAG_IPV4);    // fine: filter-ipv4
$v6 = filter_var($ip, FILTER_VALIDATE_IP, FILTER_FLAG_IPV6);

$ip = gethostbyname($host);                                     // hit: gethostbyname

$ips = gethostbynamel($host);                                   // hit: gethostbyname

$records = dns_get_record($host, DNS_A);                        // hit: record-a

$records = dns_get_record($host, DNS_A | DNS_AAAA);             // fine: record-a

$records = dns_get_record($host, DNS_MX);                       // fine: record-a

$socket = socket_create(AF_INET, SOCK_STREAM, SOL_TCP);         // hit: af-inet

$socket = stream_socket_client("tcp://$authority", $errno, $error); // fine: af-inet

$parts = explode('.', $ip);                                     // hit: split-dots

$parts = explode('.', $filename);                               // fine: split-dots

list($host, $port) = explode(':', $server);                     // hit: split-port

list($name, $value) = explode(':', $header, 2);                 // fine: split-port

list($host) = explode(':', $_SERVER['HTTP_HOST']);              // hit: split-port

if (preg_match('/^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/', $ip)) { // hit: ipv4-regex
    return true;
}

if (preg_match('/^(\d+)\.(\d+)\.(\d+)/', PHP_VERSION, $m)) {    // fine: ipv4-regex
    return true;
}

if (preg_match('/^\d{2}:\d{2}$/', $time)) {                     // fine: ipv4-regex
    return true;
}

$anonymous = preg_replace('/\.\d+$/', '.0', $ip);               // hit: last-octet

$stem = preg_replace('/\.[^.]+$/', '', $file);                  // fine: last-octet

$anonymous = substr($ip, 0, strrpos($ip, '.')) . '.0';          // hit: last-octet

$extension = substr($file, strrpos($file, '.') + 1);            // fine: last-octet

if (strpos($ip, '192.168.') === 0) {                            // hit: private-prefix
    $zone = 'office';
}

if (!filter_var($ip, FILTER_VALIDATE_IP, FILTER_FLAG_NO_PRIV_RANGE)) { // fine: private-prefix
    $zone = 'office';
}

$table->string('ip', 15);                                       // hit: short-field

$table->ipAddress('ip');                                        // fine: short-field

$table->string('ip', 45);                                       // fine: short-field

$url = "http://$host:$port/";                                   // hit: format-port

$url = "http://[$host]:$port/";                                 // fine: format-port

$class = "Foo::Bar"; $listen = '0.0.0.0';                       // hit: wildcard

$class = Foo::BAR;
$listen = '0.0.0.0';                                            // hit: wildcard

$db->query("SELECT * FROM bans WHERE ip = INET_ATON('$ip')");   // hit: sql-inet-aton

$db->query('SELECT * FROM bans WHERE ip = INET6_ATON(?)');      // fine: sql-inet-aton

if (in_array($_SERVER['REMOTE_ADDR'], ['127.0.0.1'])) {         // hit: loopback
    $debug = true;
}

if (in_array($_SERVER['REMOTE_ADDR'], ['127.0.0.1', '::1'])) {  // fine: loopback
    $debug = true;
}

$mask = -1 << (32 - $prefix);                                   // hit: prefix-32

$hash = ($h << 7) | ($h >> (32 - 7));                           // fine: prefix-32

curl_setopt($ch, CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V4);         // hit: curl-ipv4

curl_setopt($ch, CURLOPT_FOLLOWLOCATION, true);                 // fine: curl-ipv4

$text = sprintf('%d.%d.%d.%d', $a, $b, $c, $d);                 // hit: ipv4-format

$allow = $ip . '/32';                                           // hit: host-32

printf("%s:%d\n", __FILE__, __LINE__);                          // fine: format-port

$sql = 'CREATE TABLE log (ip VARCHAR(15) NOT NULL)';            // hit: short-field

$sql = 'CREATE TABLE log (ip VARCHAR(45) NOT NULL)';            // fine: short-field

$sql = 'CREATE TABLE person (phone VARCHAR(15))';               // fine: short-field
