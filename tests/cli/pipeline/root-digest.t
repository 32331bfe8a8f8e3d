# A root file system is named by its digest.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     root: debian:12
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:11: 'root' must be 'sha256:' and 64 lower-case hex digits, not 'debian:12'
!         root: debian:12
!               ^
= 1
