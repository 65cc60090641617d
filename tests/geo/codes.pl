#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# codes.pl DATABASE < ADDRESSES — the country code of each address, "-" for none, by MaxMind's reader for Perl.
use strict;
use warnings;
use MaxMind::DB::Reader;

my $reader = MaxMind::DB::Reader->new(file => $ARGV[0]);
while (<STDIN>) {
    chomp;
    my $record = $reader->record_for_address($_);
    print $record ? $record->{country}{iso_code} : '-', "\n";
}
