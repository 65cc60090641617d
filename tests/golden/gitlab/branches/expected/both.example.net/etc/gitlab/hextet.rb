# GitLab on both.example.net. Written by hextet from the estate branches: change it there.
# Read by gitlab.rb, in its last line: from_file '/etc/gitlab/hextet.rb'

external_url 'https://git.example.net'
registry_external_url 'https://registry.example.net'

# One listener a family; nginx wants IPv6 in brackets. What is inside (puma, registry) stays on the IPv4 loopback.
# Whose X-Forwarded-For is believed; the right-most address that is none of these is the client.
nginx['listen_addresses'] = ['0.0.0.0', '[::]']
nginx['redirect_http_to_https'] = true
nginx['real_ip_header'] = 'X-Forwarded-For'
nginx['real_ip_recursive'] = 'on'
nginx['real_ip_trusted_addresses'] = [
  '127.0.0.1/32',
  '192.0.2.6/32',
  '203.0.113.0/24',
  '::1/128',
  '2001:db8::6/128',
]
# For these clients only.
nginx['custom_gitlab_server_config'] = 'allow 192.0.2.6/32; allow 198.51.100.0/24; allow 2001:db8::6/128; deny all;'

registry_nginx['listen_addresses'] = ['0.0.0.0', '[::]']
registry_nginx['redirect_http_to_https'] = true
registry_nginx['real_ip_header'] = 'X-Forwarded-For'
registry_nginx['real_ip_recursive'] = 'on'
registry_nginx['real_ip_trusted_addresses'] = [
  '127.0.0.1/32',
  '192.0.2.6/32',
  '203.0.113.0/24',
  '::1/128',
  '2001:db8::6/128',
]
# For these clients only.
registry_nginx['custom_gitlab_server_config'] = 'allow 198.51.100.0/24; deny all;'

gitlab_rails['trusted_proxies'] = [
  '127.0.0.1/32',
  '192.0.2.6/32',
  '203.0.113.0/24',
  '::1/128',
  '2001:db8::6/128',
]

# Who may read /-/health and /-/metrics: this machine and the monitoring.
gitlab_rails['monitoring_whitelist'] = [
  '127.0.0.1/32',
  '192.0.2.4/32',
  '::1/128',
  '2001:db8::5/128',
]
