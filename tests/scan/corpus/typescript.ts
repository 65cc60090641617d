// SPDX-License-Identifier: Apache-2.0

function clientIp(req: Request): string {
  return (req.headers['x-forwarded-for'] as string).split(',')[0].trim(); // fine: split-port
}

const [host, port]: string[] = this.endpoint.split(':');        // hit: split-port

interface Options { family: 4 | 6; host: string }               // fine: family-4

const agent = new https.Agent({ family: 4, keepAlive: true });  // hit: family-4

export const isValid = (ip: string): boolean => /^(?:\d{1,3}\.){3}\d{1,3}$/.test(ip); // hit: ipv4-regex

export const isValid = (ip: string): boolean => isIP(ip) !== 0; // fine: ipv4-regex

await app.listen(3000, '0.0.0.0');                              // hit: wildcard

@IsIP('4')                                                      // hit: is-ipv4
clientIp: string;

@IsIP()                                                         // fine: is-ipv4
clientIp: string;

const octets: number[] = ipAddress.split('.').map(Number);      // hit: split-dots

new ec2.SecurityGroup(this, 'Web').addIngressRule(ec2.Peer.ipv4('0.0.0.0/0'), ec2.Port.tcp(443)); // hit: everything

sg.addIngressRule(ec2.Peer.ipv4('0.0.0.0/0'), ec2.Port.tcp(443)); // fine: everything
sg.addIngressRule(ec2.Peer.ipv6('::/0'), ec2.Port.tcp(443));

@Column({ type: 'varchar', length: 15 })                        // hit: short-field
ip: string;

@Column({ type: 'varchar(45)' })                                // fine: short-field
ip: string;

const id: string = `${scope}:${name}`;                          // fine: format-port

const url: string = `redis://${this.host}:${this.port}`;        // hit: format-port

z.string().ip({ version: 'v4' });                               // hit: is-ipv4

z.string().ip();                                                // fine: is-ipv4
