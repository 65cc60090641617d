#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# write_mmdb.pl FILE RECORD_BITS IP_VERSION < JSON: a file by MaxMind's writer for Perl. The input is a list of [network,
# record], inserted in that order; a key's first word is its value's type ("uint32 ttl"), items of arrays are texts.
use strict;
use warnings;
use JSON::PP;
use MaxMind::DB::Writer::Tree;

my %types = (
    text => 'utf8_string', bytes => 'bytes', double => 'double', float => 'float', uint16 => 'uint16', uint32 => 'uint32',
    uint64 => 'uint64', uint128 => 'uint128', int32 => 'int32', bool => 'boolean', map => 'map',
    list => ['array', 'utf8_string'],
);
my ($file, $bits, $version) = @ARGV;
my $tree = MaxMind::DB::Writer::Tree->new(
    ip_version => $version, record_size => $bits, database_type => 'Perl-Country', languages => ['en'],
    description => { en => 'written by MaxMind::DB::Writer' }, alias_ipv6_to_ipv4 => $version == 6 ? 1 : 0,
    remove_reserved_networks => 0, map_key_type_callback => sub { $types{(split / /, $_[0])[0]} // 'utf8_string' },
);
my $rows = decode_json(do { local $/; <STDIN> });
for my $row (@$rows) {
    my ($network, $record) = @$row;
    $record->{$_} = pack 'H*', $record->{$_} for grep { /^bytes/ } keys %$record;
    $tree->insert_network($network, $record);
}
open my $out, '>', $file or die "$file: $!";
$tree->write_tree($out);
close $out or die "$file: $!";
