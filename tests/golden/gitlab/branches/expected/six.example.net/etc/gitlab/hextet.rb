# GitLab on six.example.net. Written by hextet from the estate branches: change it there.
# Read by gitlab.rb, in its last line: from_file '/etc/gitlab/hextet.rb'

external_url 'http://odd.example.net:8080'

# One listener a family; nginx wants IPv6 in brackets. What is inside (puma, registry) stays on the IPv4 loopback.
# Whose X-Forwarded-For is believed; the right-most address that is none of these is the client.
nginx['listen_addresses'] = ['[::]']
nginx['redirect_http_to_https'] = false
nginx['real_ip_header'] = 'X-Forwarded-For'
nginx['real_ip_recursive'] = 'on'
nginx['real_ip_trusted_addresses'] = [
  '127.0.0.1/32',
  '192.0.2.6/32',
  '203.0.113.0/24',
  '::1/128',
  '2001:db8::6/128',
]
# For these clients only: nobody.
nginx['custom_gitlab_server_config'] = 'deny all;'

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
