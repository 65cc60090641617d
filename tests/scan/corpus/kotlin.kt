// SPDX-License-Identifier: Apache-2.0

val (host, port) = address.split(":")                           // hit: split-port

val uri = URI("http://$address")                                // fine: split-port

embeddedServer(Netty, host = "0.0.0.0", port = 8080)            // hit: wildcard

embeddedServer(Netty, host = "::", port = 8080)                 // fine: wildcard

val v4 = addresses.filterIsInstance<Inet4Address>().first()     // hit: inet4address

val url = "http://$host:$port/metrics"                          // hit: format-port

val url = "http://${bracketed(host)}:$port/metrics"             // fine: format-port

val ip = Regex("""\d{1,3}(\.\d{1,3}){3}""")                     // hit: ipv4-regex

val semver = Regex("""\d+\.\d+\.\d+(-\w+)?""")                  // fine: ipv4-regex

val octets = ipAddress.split(".")                               // hit: split-dots

val key = "$user:$password"                                     // fine: format-port

applicationDefaultJvmArgs = listOf("-Djava.net.preferIPv4Stack=true") // hit: jvm-ipv4

applicationDefaultJvmArgs = listOf("-Djava.net.preferIPv6Addresses=system") // fine: jvm-ipv4

val subnet = SubnetUtils("192.0.2.0/24").apply { isInclusiveHostCount = true } // hit: subnet-utils
