// SPDX-License-Identifier: Apache-2.0

server.listen(3000, '0.0.0.0');                                 // hit: wildcard

server.listen(3000, '::');                                      // fine: wildcard

app.listen(port, process.env.HOST || '0.0.0.0', () => {         // hit: wildcard
  console.log(`listening on http://localhost:${port}`);
});

http.get({ host, family: 4 }, done);                            // hit: family-4

net.connect({ host, port, autoSelectFamily: true });            // fine: family-4

font.set({ family: 'sans', size: 4 });                          // fine: family-4

for (const family of [4, 6]) {
  dns.lookup(host, { family }, done);                           // fine: family-4
}

dns.lookup(host, { family: 4 }, v4);                            // fine: family-4
dns.lookup(host, { family: 6 }, v6);

if (!net.isIPv4(address)) {                                     // hit: is-ipv4
  throw new Error('not an address');
}

if (net.isIPv4(address) || net.isIPv6(address)) {               // fine: is-ipv4
  return address;
}

if (net.isIP(address) === 0) {                                  // fine: is-ipv4
  throw new Error('not an address');
}

dns.resolve4(name, done);                                       // hit: resolve4

const [a, aaaa] = await Promise.allSettled([dns.resolve4(name), dns.resolve6(name)]); // fine: resolve4

dns.resolveMx(name, done);                                      // fine: resolve4

dns.setDefaultResultOrder('ipv4first');                         // hit: result-order

dns.setDefaultResultOrder('verbatim');                          // fine: result-order

// ipv4first hides the faults                                   // fine: result-order
dns.lookup(host, { all: true }, done);

const [host, port] = address.split(':');                        // hit: split-port

const [hours, minutes] = time.split(':');                       // fine: split-port

const { hostname, port } = new URL(`http://${address}`);        // fine: split-port

const host = req.headers.host.split(':')[0];                    // hit: split-port

const ip = req.socket.remoteAddress.replace(/^.*:/, '');        // hit: strip-mapped

const ip = req.socket.remoteAddress.replace(/^::ffff:/, '');    // fine: strip-mapped

const scheme = url.replace(/:.*$/, '');                         // fine: strip-mapped

const octets = ip.split('.').map(Number);                       // hit: split-dots

const ext = file.split('.').pop();                              // fine: split-dots

const anonymous = ip.replace(/\.\d+$/, '.0');                   // hit: last-octet

const name = file.replace(/\.[^.]+$/, '');                      // fine: last-octet

const page = file.replace(/\.[0-9]+$/, '');                     // fine: last-octet

const anonymous = ip.slice(0, ip.lastIndexOf('.')) + '.0';      // hit: last-octet

const IP = /^(\d{1,3}\.){3}\d{1,3}$/;                           // hit: ipv4-regex

const RE_ADDRESS = /^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}$/; // hit: ipv4-regex

const SEMVER = /^v?(\d+)\.(\d+)\.(\d+)/;                        // fine: ipv4-regex

const match = line.match(/^([\d.]+) - (\S+) \[(.+?)\]/);        // hit: ipv4-regex

const price = text.replace(/[^0-9.]/g, '');                     // fine: ipv4-regex

const version = navigator.userAgent.match(/Chrome\/([\d.]+)/);  // fine: ipv4-regex

const url = 'http://' + host + ':' + port + '/';                // hit: join-port

const label = key + ':' + value;                                // fine: join-port

const url = `http://${host}:${port}/`;                          // hit: format-port

const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/`; // fine: format-port

const time = `${hours}:${minutes}`;                             // fine: format-port

const limiter = rateLimit({ windowMs: 60000, max: 100, keyGenerator: (req) => req.ip }); // hit: limit-per-client

const limiter = rateLimit({ windowMs: 60000, keyGenerator: (req) => req.user.id }); // fine: limit-per-client

const limiter = rateLimit({ windowMs: 60000, keyGenerator: (req) => ipKeyGenerator(req.ip, 56) }); // fine: limit-per-client

socket.setBroadcast(true);                                      // hit: broadcast

io.broadcast.emit('hello');                                     // fine: broadcast

if (ip.startsWith('192.168.')) {                                // hit: private-prefix
  zone = 'office';
}

if (node.startsWith('10.')) {                                   // fine: private-prefix
  zone = 'old';
}

const rule = `${ip}/32`;                                        // hit: host-32

const rule = `${ip}/${net.isIPv6(ip) ? 128 : 32}`;              // fine: host-32

const mask = ~0 << (32 - prefix);                               // hit: prefix-32

const hash = (h << 5) | (h >>> (32 - 5));                       // fine: prefix-32

const n = ipToLong(ip);                                         // hit: ip-to-integer

const trusted = ['127.0.0.1'];                                  // hit: loopback

const trusted = ['127.0.0.1', '::1'];                           // fine: loopback

const schema = { type: 'string', format: 'ipv4' };              // hit: format-ipv4

const schema = { oneOf: [{ format: 'ipv4' }, { format: 'ipv6' }] }; // fine: format-ipv4

const options = { format: 'json' };                             // fine: format-ipv4

const ip = table.string('ip', 15).notNullable();                // hit: short-field

const ip = table.string('ip', 45).notNullable();                // fine: short-field

const cells = ['10.0.0.1', '12:30:00', 'Foo::Bar'];             // fine: wildcard, split-port

const rows = await db.query('SELECT INET_NTOA(ip) FROM visits'); // hit: sql-inet-aton

const mask = '255.255.255.0';                                   // hit: netmask

const name = `${octets.reverse().join('.')}.in-addr.arpa`;      // hit: arpa

await resolver.resolve(name, 'A');                              // hit: record-a

await Promise.all(['A', 'AAAA'].map((type) => resolver.resolve(name, type))); // fine: record-a
