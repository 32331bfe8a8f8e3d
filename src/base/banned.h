/* SPDX-License-Identifier: Apache-2.0
 * banned: the last include of every .c file; calls that end in tears do not compile. */
#pragma once
#undef alloca /* a macro of the C library; poisoned below */
#pragma GCC poison strcpy strcat sprintf vsprintf strncpy strncat strtok atoi atol atof gets alloca
#pragma GCC poison mktemp tmpnam gmtime localtime rand srand system popen
