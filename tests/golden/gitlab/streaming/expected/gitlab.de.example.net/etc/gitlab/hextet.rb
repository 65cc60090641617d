# GitLab on gitlab.de.example.net. Written by hextet from the estate streaming: change it there.
# Read by gitlab.rb, in its last line: from_file '/etc/gitlab/hextet.rb'

external_url 'https://gitlab.example.net'

# One listener a family; nginx wants IPv6 in brackets. What is inside (puma, registry) stays on the IPv4 loopback.
# Whose X-Forwarded-For is believed; the right-most address that is none of these is the client.
nginx['listen_addresses'] = ['0.0.0.0', '[::]']
nginx['redirect_http_to_https'] = true
nginx['real_ip_header'] = 'X-Forwarded-For'
nginx['real_ip_recursive'] = 'on'
nginx['real_ip_trusted_addresses'] = [
  '127.0.0.1/32',
  '198.51.100.11/32',
  '198.51.100.12/32',
  '198.51.100.101/32',
  '198.51.100.102/32',
  '::1/128',
  '2001:db8:172:1:b:c:d:e/128',
  '2001:db8:172:2:b:c:d:e/128',
  '2001:db8:fff0:f::fe01/128',
  '2001:db8:fff0:f::fe02/128',
]

gitlab_rails['trusted_proxies'] = [
  '127.0.0.1/32',
  '198.51.100.11/32',
  '198.51.100.12/32',
  '198.51.100.101/32',
  '198.51.100.102/32',
  '::1/128',
  '2001:db8:172:1:b:c:d:e/128',
  '2001:db8:172:2:b:c:d:e/128',
  '2001:db8:fff0:f::fe01/128',
  '2001:db8:fff0:f::fe02/128',
]

# Who may read /-/health and /-/metrics: this machine and the monitoring.
gitlab_rails['monitoring_whitelist'] = [
  '127.0.0.1/32',
  '198.51.100.70/32',
  '::1/128',
  '2001:db8:172:7:b:c:d:e/128',
]
