/* SPDX-License-Identifier: Apache-2.0
 * sshsig_made: signatures over "hello\n" for namespace "file", made with throw-away keys by
 * ssh-keygen of OpenSSH 9.2; those of security keys with openssl, and judged by ssh-keygen -Y. */
#pragma once

typedef struct {
    const char *name, *key, *signature; /* key: as a line of a public key file */
} SshsigMade;

static const char made_authority[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK/BGw+xL2c/VuX0CM/nrk07y/9PlBMes/jK1v23D358";

static const SshsigMade made[] = {
    { "rsa, sha512",
      "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQCPSd8KkoXpByCYXXroxM4ahxw/dqAdurJ98Wa7QVhy"
      "VzeO57fgxjQ2j47b361nzonGGsXTk/U1C3oR6QQXxtRVhyvz4a8zhm66gQa6dawn0wexkqj3qeMIlG5n"
      "dXLn4rMZIwXEnmrkmjPS2U3i1pr15Y7enYCL23/JUxhuy2PM0fuYFNkmcuEoZiMXsibDc1vJBhSOqH9Q"
      "RFN7PVYXdZ1iOdYDrNodHqcFxhhDjJcqOY9uvwfnZztg13d54fF0UpLqVVbeHQDA3siki/Keg3U0Pu6p"
      "X1QhKkihtoXYPLbySND3OWbMLRE13hRRypMG7Beap4FUcla+lBjGPQvbeNaSokLyZyy9BoNiDOlhPGV6"
      "D/w6FR+YHLfrZOVg+lrqHG/PQkQdQrxynqihrLDDpMKa4VtAyuCAZdQFoXEEQi7u8C2Sl18diaVz25Wr"
      "a/GYxQqdISOcrcDvmce3tWEOK/xxhDH1rj0q62d2p78IrrWWosuHyaDslX1CXm/M2MPsAHE=",
      "-----BEGIN SSH SIGNATURE-----\n"
      "U1NIU0lHAAAAAQAAAZcAAAAHc3NoLXJzYQAAAAMBAAEAAAGBAI9J3wqShekHIJhdeujEzh\n"
      "qHHD92oB26sn3xZrtBWHJXN47nt+DGNDaPjtvfrWfOicYaxdOT9TULehHpBBfG1FWHK/Ph\n"
      "rzOGbrqBBrp1rCfTB7GSqPep4wiUbmd1cufisxkjBcSeauSaM9LZTeLWmvXljt6dgIvbf8\n"
      "lTGG7LY8zR+5gU2SZy4ShmIxeyJsNzW8kGFI6of1BEU3s9Vhd1nWI51gOs2h0epwXGGEOM\n"
      "lyo5j26/B+dnO2DXd3nh8XRSkupVVt4dAMDeyKSL8p6DdTQ+7qlfVCEqSKG2hdg8tvJI0P\n"
      "c5ZswtETXeFFHKkwbsF5qngVRyVr6UGMY9C9t41pKiQvJnLL0Gg2IM6WE8ZXoP/DoVH5gc\n"
      "t+tk5WD6Wuocb89CRB1CvHKeqKGssMOkwprhW0DK4IBl1AWhcQRCLu7wLZKXXx2JpXPbla\n"
      "tr8ZjFCp0hI5ytwO+Zx7e1YQ4r/HGEMfWuPSrrZ3anvwiutZaiy4fJoOyVfUJeb8zYw+wA\n"
      "cQAAAARmaWxlAAAAAAAAAAZzaGE1MTIAAAGUAAAADHJzYS1zaGEyLTUxMgAAAYBJ01PbJW\n"
      "iaBb4TOCwiIAjx+8kCuCtjZlwiqhe3qrRwr7NcZy2gw2Pg8H7Hj8P8bHs5ux7IuTlk4JY/\n"
      "Hj9lz0n0vLGZNEk+z6gK4lEnTrmDnLzWllmHL/gOvGR8bpTBSxmB61SDc9NOqJzlH4WNya\n"
      "fq4+OwbkQYR5eEXMk8peuaMZ88vNyI6oXYF7OJ5sGzRNFbAfYmhGtBsa4+KbucpJp2VvYE\n"
      "5cFSRGa0ERDenGuTZGydz5gBEZu88pXF7KTeDg2EVw19S1/UGWbRNQcaBlkM0grUdRbduC\n"
      "pKFOq7tPn7S0k+vzK36VkopCvxAFtGTQBtd57KFq3P/526gmuG1BOQWvytPUHMqfhzEc2v\n"
      "vwnp7oE2cHv633uXD6jXa4Z6D6Hu2Oysr4CW9L0D5C4YE1SXaD2E6lkH8+VIBIy5XX0Rkz\n"
      "4OmiJqZr8vB5KitAeX+p1bMFGasrohyxkWtsEfx4ClzzlgH00SOsCXMoavfjaqg1CkA/g2\n"
      "v2RNVMBJ80jHzeE=\n"
      "-----END SSH SIGNATURE-----\n" },
    { "ecdsa p384",
      "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBI74Dns5"
      "fxHip4PGXt77lTtwatBMUgRFSWSOL62XrSvMVLjrXRRNWZKI/rYBM7xpxiEBLrqnvdSwnRdHHYSe4ei2"
      "acOp1QKL4KXqS7RyT9fCsQ8zQjr8ndwqLmRrXitexg==",
      "-----BEGIN SSH SIGNATURE-----\n"
      "U1NIU0lHAAAAAQAAAIgAAAATZWNkc2Etc2hhMi1uaXN0cDM4NAAAAAhuaXN0cDM4NAAAAG\n"
      "EEjvgOezl/EeKng8Ze3vuVO3Bq0ExSBEVJZI4vrZetK8xUuOtdFE1Zkoj+tgEzvGnGIQEu\n"
      "uqe91LCdF0cdhJ7h6LZpw6nVAovgpepLtHJP18KxDzNCOvyd3CouZGteK17GAAAABGZpbG\n"
      "UAAAAAAAAABnNoYTUxMgAAAIQAAAATZWNkc2Etc2hhMi1uaXN0cDM4NAAAAGkAAAAxANEu\n"
      "piHPrp1k+xUrD6lwY31CFE8BlaTlVHGt0zYx9CpYFSsi9QkPu62U8aI4Fgkt9AAAADBFKU\n"
      "DAI80zCpX5ND0uZX29iVbYFwXpzGHQzbVmpbX2Ywl7dVc/GfIxdKuY/8AUgUs=\n"
      "-----END SSH SIGNATURE-----\n" },
    { "ecdsa p521",
      "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBACbHmsp"
      "I4Oi+zKSjJS0RzTSS4w7409gtI9+znN3uaTl9SqxDzuKV1lg5LhLd71borK5aYm/VMApPwWHo6u8Wyeb"
      "IAHjLoaoFUSJndQ6JlMGXn6s/XvU7vHq4rKAh3004cCYDKY96yTOFt2I1XlARuslZQW8GcVnLwxYvjlV"
      "3BYv5rc+HA==",
      "-----BEGIN SSH SIGNATURE-----\n"
      "U1NIU0lHAAAAAQAAAKwAAAATZWNkc2Etc2hhMi1uaXN0cDUyMQAAAAhuaXN0cDUyMQAAAI\n"
      "UEAJseaykjg6L7MpKMlLRHNNJLjDvjT2C0j37Oc3e5pOX1KrEPO4pXWWDkuEt3vVuisrlp\n"
      "ib9UwCk/BYejq7xbJ5sgAeMuhqgVRImd1DomUwZefqz9e9Tu8erisoCHfTThwJgMpj3rJM\n"
      "4W3YjVeUBG6yVlBbwZxWcvDFi+OVXcFi/mtz4cAAAABGZpbGUAAAAAAAAABnNoYTUxMgAA\n"
      "AKcAAAATZWNkc2Etc2hhMi1uaXN0cDUyMQAAAIwAAABCAUFm4RHE+7KHgrbxEw9mDAeyNc\n"
      "z53almxAOB000SyIDZDOgja56KvdFBVa25hQA0e7xddyQbrlODrlAY5JTVoZjhAAAAQgDb\n"
      "C7212CYVudFxMUh7B/K82n69vke4cQFQBQV3MdXUVlk2b49TwoLDhIKLX1yCJy4OgmWCk3\n"
      "jYbfgrXfqkXPYpKg==\n"
      "-----END SSH SIGNATURE-----\n" },
    { "rsa, sha256 for the message",
      "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQCPSd8KkoXpByCYXXroxM4ahxw/dqAdurJ98Wa7QVhy"
      "VzeO57fgxjQ2j47b361nzonGGsXTk/U1C3oR6QQXxtRVhyvz4a8zhm66gQa6dawn0wexkqj3qeMIlG5n"
      "dXLn4rMZIwXEnmrkmjPS2U3i1pr15Y7enYCL23/JUxhuy2PM0fuYFNkmcuEoZiMXsibDc1vJBhSOqH9Q"
      "RFN7PVYXdZ1iOdYDrNodHqcFxhhDjJcqOY9uvwfnZztg13d54fF0UpLqVVbeHQDA3siki/Keg3U0Pu6p"
      "X1QhKkihtoXYPLbySND3OWbMLRE13hRRypMG7Beap4FUcla+lBjGPQvbeNaSokLyZyy9BoNiDOlhPGV6"
      "D/w6FR+YHLfrZOVg+lrqHG/PQkQdQrxynqihrLDDpMKa4VtAyuCAZdQFoXEEQi7u8C2Sl18diaVz25Wr"
      "a/GYxQqdISOcrcDvmce3tWEOK/xxhDH1rj0q62d2p78IrrWWosuHyaDslX1CXm/M2MPsAHE=",
      "-----BEGIN SSH SIGNATURE-----\n"
      "U1NIU0lHAAAAAQAAAZcAAAAHc3NoLXJzYQAAAAMBAAEAAAGBAI9J3wqShekHIJhdeujEzh\n"
      "qHHD92oB26sn3xZrtBWHJXN47nt+DGNDaPjtvfrWfOicYaxdOT9TULehHpBBfG1FWHK/Ph\n"
      "rzOGbrqBBrp1rCfTB7GSqPep4wiUbmd1cufisxkjBcSeauSaM9LZTeLWmvXljt6dgIvbf8\n"
      "lTGG7LY8zR+5gU2SZy4ShmIxeyJsNzW8kGFI6of1BEU3s9Vhd1nWI51gOs2h0epwXGGEOM\n"
      "lyo5j26/B+dnO2DXd3nh8XRSkupVVt4dAMDeyKSL8p6DdTQ+7qlfVCEqSKG2hdg8tvJI0P\n"
      "c5ZswtETXeFFHKkwbsF5qngVRyVr6UGMY9C9t41pKiQvJnLL0Gg2IM6WE8ZXoP/DoVH5gc\n"
      "t+tk5WD6Wuocb89CRB1CvHKeqKGssMOkwprhW0DK4IBl1AWhcQRCLu7wLZKXXx2JpXPbla\n"
      "tr8ZjFCp0hI5ytwO+Zx7e1YQ4r/HGEMfWuPSrrZ3anvwiutZaiy4fJoOyVfUJeb8zYw+wA\n"
      "cQAAAARmaWxlAAAAAAAAAAZzaGEyNTYAAAGUAAAADHJzYS1zaGEyLTUxMgAAAYAK0pGKzc\n"
      "KrcgvjmNFOkDRgWeoA6DfeDN5XdL8hisCLYRRFa9Qeyn69+05DfCyPxHcKrWJgHrTF70CT\n"
      "ZPoRBuvSC3KGgQrbArgC3WTLMdWc1cTuiX4I1fVLtVlp1TSokqr2x7H79aYKMCuVHA0P41\n"
      "HQnzTnhkSS//+Itau73jY2YIZKHHO+mMZ4+WgJR/B+mmyuvQ1ggWHCqfPu9W0auwrg2Ni3\n"
      "Nyi9VMrvpQ1GG+/zCwt1JoIXpkIaAat6McmoabwPywUJQwEbUXPfQIHHVuDDIbRtFAg16Y\n"
      "gADsxUQ8UuSXsUib8JoaADm6y1xumNAb+FS/YArkF+HIO0+CzhalliOXEVtKiEZ2myhmaM\n"
      "WNJU7NW0dQV2Ce+r+9IScBKmvVZ1uVcCJ9SWU1Ne+jBx/1x1CSSUi3LUeciwzO9LkKwFzc\n"
      "yvDOTOWWGIqdNfbxQzzz5fxjkG6dJTUgOgYhBvsD9Lu8x1YhD2UibZsCOkwBBtAGCQ+eY7\n"
      "PY60UxQWWV+hp/4=\n"
      "-----END SSH SIGNATURE-----\n" },
    { "sk ed25519",
      "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIHZ/+MM2s"
      "FGIrV+MzHmFp/7fHWNKrjMTfTBuQhcRB3iyAAAABHNzaDo=",
      "-----BEGIN SSH SIGNATURE-----\n"
      "U1NIU0lHAAAAAQAAAEoAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAAAgdn/4wz\n"
      "awUYitX4zMeYWn/t8dY0quMxN9MG5CFxEHeLIAAAAEc3NoOgAAAARmaWxlAAAAAAAAAAZz\n"
      "aGE1MTIAAABnAAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAQN+EmA4VwAkEJa\n"
      "DCuVB1JRCw3Ks6cYNCRh2jXmHdogIZksBVG2L6et1ZZbX0mB+klIxI9D6nRWg+I4ZyedB8\n"
      "BQcBAAAABw==\n"
      "-----END SSH SIGNATURE-----\n" },
    { "sk ed25519, not touched",
      "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIHZ/+MM2s"
      "FGIrV+MzHmFp/7fHWNKrjMTfTBuQhcRB3iyAAAABHNzaDo=",
      "-----BEGIN SSH SIGNATURE-----\n"
      "U1NIU0lHAAAAAQAAAEoAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAAAgdn/4wz\n"
      "awUYitX4zMeYWn/t8dY0quMxN9MG5CFxEHeLIAAAAEc3NoOgAAAARmaWxlAAAAAAAAAAZz\n"
      "aGE1MTIAAABnAAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAQEQGfNyAQsLyuf\n"
      "cEbHzUcl+kc+L5jJeK2GGaCovPIE/j1aA6pSFQRXsA5UKGA5iNNFEP38LDZPq8Z8mel/xF\n"
      "Hg8AAAAABw==\n"
      "-----END SSH SIGNATURE-----\n" },
    { "sk ecdsa",
      "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNza"
      "C5jb20AAAAIbmlzdHAyNTYAAABBBOrceInHVStlJWlr8oH3XZUlVSkZCazPeWgFPEEKL+qUS6mqeL0AS"
      "UXjvsdwWJETwNDpeyLtHcSIkBHQu23TmMkAAAAEc3NoOg==",
      "-----BEGIN SSH SIGNATURE-----\n"
      "U1NIU0lHAAAAAQAAAH8AAAAic2stZWNkc2Etc2hhMi1uaXN0cDI1NkBvcGVuc3NoLmNvbQ\n"
      "AAAAhuaXN0cDI1NgAAAEEE6tx4icdVK2UlaWvygfddlSVVKRkJrM95aAU8QQov6pRLqap4\n"
      "vQBJReO+x3BYkRPA0Ol7Iu0dxIiQEdC7bdOYyQAAAARzc2g6AAAABGZpbGUAAAAAAAAABn\n"
      "NoYTUxMgAAAHgAAAAic2stZWNkc2Etc2hhMi1uaXN0cDI1NkBvcGVuc3NoLmNvbQAAAEkA\n"
      "AAAgZwKNmIp6gz5RvVuvGF5ZY5JhpyyQD/1rP+gpkduVTMoAAAAhANl3rUeWPjkw0lUF1m\n"
      "oGSsswzookxIuS6r9cCNTz3rQIAQAAAAc=\n"
      "-----END SSH SIGNATURE-----\n" },
    { "webauthn",
      "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNza"
      "C5jb20AAAAIbmlzdHAyNTYAAABBBOrceInHVStlJWlr8oH3XZUlVSkZCazPeWgFPEEKL+qUS6mqeL0AS"
      "UXjvsdwWJETwNDpeyLtHcSIkBHQu23TmMkAAAAEc3NoOg==",
      "-----BEGIN SSH SIGNATURE-----\n"
      "U1NIU0lHAAAAAQAAAH8AAAAic2stZWNkc2Etc2hhMi1uaXN0cDI1NkBvcGVuc3NoLmNvbQ\n"
      "AAAAhuaXN0cDI1NgAAAEEE6tx4icdVK2UlaWvygfddlSVVKRkJrM95aAU8QQov6pRLqap4\n"
      "vQBJReO+x3BYkRPA0Ol7Iu0dxIiQEdC7bdOYyQAAAARzc2g6AAAABGZpbGUAAAAAAAAABn\n"
      "NoYTUxMgAAAXwAAAArd2ViYXV0aG4tc2stZWNkc2Etc2hhMi1uaXN0cDI1NkBvcGVuc3No\n"
      "LmNvbQAAAEoAAAAhAJ5rG0aZt+SIBParqy1QZh3jk5g0ckmf7dn99ldzOUS7AAAAIQCsO5\n"
      "DkVHmPznWbQYHi+K7WbzIawf5CwAOmG4jO1Xi+0gEAAAAHAAAAFGh0dHBzOi8vZXhhbXBs\n"
      "ZS50ZXN0AAAA2nsidHlwZSI6IndlYmF1dGhuLmdldCIsImNoYWxsZW5nZSI6IlUxTklVMG\n"
      "xIQUFBQUJHWnBiR1VBQUFBQUFBQUFCbk5vWVRVeE1nQUFBRURud2l1WlRGblp6eXRJNVVt\n"
      "eDRrWm1ZMkJGa3cwOXA4R3NzcG5SdzdmNU1mbEtya0h0Mml3cklIbzI0US1MeTQxRklqNV\n"
      "VoNDliTVc1ODQ3YThBWllwIiwib3JpZ2luIjoiaHR0cHM6Ly9leGFtcGxlLnRlc3QiLCJj\n"
      "cm9zc09yaWdpbiI6ZmFsc2V9AAAAAA==\n"
      "-----END SSH SIGNATURE-----\n" },
    { "webauthn, another challenge",
      "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNza"
      "C5jb20AAAAIbmlzdHAyNTYAAABBBOrceInHVStlJWlr8oH3XZUlVSkZCazPeWgFPEEKL+qUS6mqeL0AS"
      "UXjvsdwWJETwNDpeyLtHcSIkBHQu23TmMkAAAAEc3NoOg==",
      "-----BEGIN SSH SIGNATURE-----\n"
      "U1NIU0lHAAAAAQAAAH8AAAAic2stZWNkc2Etc2hhMi1uaXN0cDI1NkBvcGVuc3NoLmNvbQ\n"
      "AAAAhuaXN0cDI1NgAAAEEE6tx4icdVK2UlaWvygfddlSVVKRkJrM95aAU8QQov6pRLqap4\n"
      "vQBJReO+x3BYkRPA0Ol7Iu0dxIiQEdC7bdOYyQAAAARzc2g6AAAABGZpbGUAAAAAAAAABn\n"
      "NoYTUxMgAAAXsAAAArd2ViYXV0aG4tc2stZWNkc2Etc2hhMi1uaXN0cDI1NkBvcGVuc3No\n"
      "LmNvbQAAAEoAAAAhANMYp23H+MdmOjJe8UyaTzv5cbZya4A77LuoLh0cNt4IAAAAIQCGr5\n"
      "1EitUGyZ5oS1ivo++0ofmBfc3DCXCSZ4UKzWSleAEAAAAHAAAAFGh0dHBzOi8vZXhhbXBs\n"
      "ZS50ZXN0AAAA2XsidHlwZSI6IndlYmF1dGhuLmdldCIsImNoYWxsZW5nZSI6IlUxTklVMG\n"
      "xIQUFBQUEyZHBkQUFBQUFBQUFBQUdjMmhoTlRFeUFBQUFRT2ZDSzVsTVdkblBLMGpsU2JI\n"
      "aVJtWmpZRVdURFQybndheXltZEhEdF9reC1VcXVRZTNhTENzZ2VqYmhENHZMalVVaVBsU0\n"
      "hqMXN4Ym56anRyd0JsaWsiLCJvcmlnaW4iOiJodHRwczovL2V4YW1wbGUudGVzdCIsImNy\n"
      "b3NzT3JpZ2luIjpmYWxzZX0AAAAA\n"
      "-----END SSH SIGNATURE-----\n" },
    { "certificate",
      "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29"
      "tAAAAIFdEO4aGFWo4y4NX3OdmtUY8lPZyWsjTGUGQnO0e6ejCAAAAIFqrMxdJtmBLUUHOp66SMQc+n7i"
      "u+6gnUDShVtYdHbKoAAAAAAAAAAAAAAABAAAAB2NlcnQtaWQAAAAqAAAAEmFsaWNlQGV4YW1wbGUudGV"
      "zdAAAABBib2JAZXhhbXBsZS50ZXN0AAAAAF4L4QAAAAAAg6p+gAAAAAAAAACCAAAAFXBlcm1pdC1YMTE"
      "tZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pdC1wb3J"
      "0LWZvcndhcmRpbmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAA"
      "AAAAzAAAAC3NzaC1lZDI1NTE5AAAAIK/BGw+xL2c/VuX0CM/nrk07y/9PlBMes/jK1v23D358AAAAUwA"
      "AAAtzc2gtZWQyNTUxOQAAAEDpmOgKwuvJji9ndTEX6K+fsUPXIXhDEyhhOtu2xIyw5KzYLmPvkP0O+x8"
      "UsEl5PIxeMH47NrlmCuhYw4yy46sM",
      "-----BEGIN SSH SIGNATURE-----\n"
      "U1NIU0lHAAAAAQAAAd0AAAAgc3NoLWVkMjU1MTktY2VydC12MDFAb3BlbnNzaC5jb20AAA\n"
      "AgV0Q7hoYVajjLg1fc52a1RjyU9nJayNMZQZCc7R7p6MIAAAAgWqszF0m2YEtRQc6nrpIx\n"
      "Bz6fuK77qCdQNKFW1h0dsqgAAAAAAAAAAAAAAAEAAAAHY2VydC1pZAAAACoAAAASYWxpY2\n"
      "VAZXhhbXBsZS50ZXN0AAAAEGJvYkBleGFtcGxlLnRlc3QAAAAAXgvhAAAAAACDqn6AAAAA\n"
      "AAAAAIIAAAAVcGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABdwZXJtaXQtYWdlbnQtZm\n"
      "9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybWl0\n"
      "LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MT\n"
      "kAAAAgr8EbD7EvZz9W5fQIz+euTTvL/0+UEx6z+MrW/bcPfnwAAABTAAAAC3NzaC1lZDI1\n"
      "NTE5AAAAQOmY6ArC68mOL2d1MRfor5+xQ9cheEMTKGE627bEjLDkrNguY++Q/Q77HxSwSX\n"
      "k8jF4wfjs2uWYK6FjDjLLjqwwAAAAEZmlsZQAAAAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gt\n"
      "ZWQyNTUxOQAAAEBcO4m28+Ihpi15Bn+Corr6v00dKwwwpEz4Q0Y8NwibkhKhwhAM/NUHLm\n"
      "w0N0a5hrAsCc9ZBfFuA5wPb4Lc8AkL\n"
      "-----END SSH SIGNATURE-----\n" },
};
