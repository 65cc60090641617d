#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# bench/geo_perl_build.pl OUTPUT CSV... — the same file by MaxMind's writer for Perl: the peer of bench_geo.py. Its last
# insert wins; shorter prefixes first would need all rows in memory, so rows come as they are.
use strict;
use warnings;
use MaxMind::DB::Writer::Tree;

my ($output, @inputs) = @ARGV;
my %type = (country => 'map', iso_code => 'utf8_string', names => 'map', en => 'utf8_string',
    is_in_european_union => 'boolean');
my $tree = MaxMind::DB::Writer::Tree->new(
    ip_version => 6, record_size => 24, database_type => 'bench-Country', languages => ['en'],
    description => { en => 'bench' }, remove_reserved_networks => 0, alias_ipv6_to_ipv4 => 1,
    map_key_type_callback => sub { $type{ $_[0] } });
my %record;
for my $path (@inputs) {
    open my $in, '<', $path or die "$path: $!\n";
    while (<$in>) {
        chomp;
        my ($first, $last, $code) = split /,/;
        $record{$code} //= { country => { iso_code => $code, names => { en => $code }, is_in_european_union => 0 } };
        next if $first =~ /^2002:/;    # it does not insert into an alias, and dies
        $tree->insert_range($first, $last, $record{$code});
    }
}
open my $out, '>:raw', $output or die "$output: $!\n";
$tree->write_tree($out);
close $out or die "$output: $!\n";
