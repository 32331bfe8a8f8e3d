# Hosts are names or addresses, not URLs.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     network: { allow: [ "https://example.org", "example.org:99999", Example.org ] }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:25: 'allow': 'https://example.org' is no host name or address in lower case, with or without ':port'
!         network: { allow: [ "https://example.org", "example.org:99999", Example.org ] }
!                             ^
! slipway.yaml:5:48: 'allow': 'example.org:99999' is no host name or address in lower case, with or without ':port'
!         network: { allow: [ "https://example.org", "example.org:99999", Example.org ] }
!                                                    ^
! slipway.yaml:5:69: 'allow': 'Example.org' is no host name or address in lower case, with or without ':port'
!     ps://example.org", "example.org:99999", Example.org ] }
!                                             ^
= 1
