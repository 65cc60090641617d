/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate and its key for checkers that insist on reading one. It protects nothing and no server ever presents
 * it: it exists only in the private folder of a verification.
 */
#pragma once

static const char throwaway_cert[] = "-----BEGIN CERTIFICATE-----\n"
				     "MIIBhzCCAS2gAwIBAgIUWkgvqnxhRtFJJOskd9ENpj2UQDQwCgYIKoZIzj0EAwIw\n"
				     "GDEWMBQGA1UEAwwNaGV4dGV0LXZlcmlmeTAgFw0yNjExMjMxMzMwNTRaGA8yMTI2\n"
				     "MTAzMDEzMzA1NFowGDEWMBQGA1UEAwwNaGV4dGV0LXZlcmlmeTBZMBMGByqGSM49\n"
				     "AgEGCCqGSM49AwEHA0IABExA+pRTNEalps16w8LvgnRtvfhZmLAYUKfnBkS9a1Oc\n"
				     "yLXxyqpMpIcGKV3n9p9e1y26gJewsTQz1+j1X/5FVyujUzBRMB0GA1UdDgQWBBTa\n"
				     "+lHySv1Wcavw71zjPQMgx0bZ0zAfBgNVHSMEGDAWgBTa+lHySv1Wcavw71zjPQMg\n"
				     "x0bZ0zAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIC/VjYUUlMJx\n"
				     "FQC6JYtEki/gID6jcF04nQsRgLfD4wFkAiEA5luawHYc7DGQHknOaV6Don2pjgHD\n"
				     "5Hd8HHkKufa31MI=\n"
				     "-----END CERTIFICATE-----\n"
				     "-----BEGIN PRIVATE KEY-----\n"
				     "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgI3cRHocywBnm3G9P\n"
				     "VOs6AhG8jt3HIaT0CAFiCu8LptKhRANCAARMQPqUUzRGpabNesPC74J0bb34WZiw\n"
				     "GFCn5wZEvWtTnMi18cqqTKSHBild5/afXtctuoCXsLE0M9fo9V/+RVcr\n"
				     "-----END PRIVATE KEY-----\n";
