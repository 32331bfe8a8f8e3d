# All errors are told at once, in the order of the file.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: Demo
| jobs:
|   build:
|     executor: sandbx
|     timeout: 10 minutes
|     steps:
|       - run: make
|         always: sometimes
|   test:
|     needs: [ bild ]
|     steps: [ { run: make check } ]
$ slipway check
! slipway.yaml:2:10: 'project' 'Demo' must be 1 to 64 of a-z, 0-9, '.', '_', '-', the first a letter or digit
!     project: Demo
!              ^
! slipway.yaml:5:15: 'executor' cannot be 'sandbx'; did you mean 'sandbox'?
!         executor: sandbx
!                   ^
! slipway.yaml:6:14: 'timeout' must be a time like '90s', '10m' or '1h30m', not '10 minutes'
!         timeout: 10 minutes
!                  ^
! slipway.yaml:9:17: 'always' must be true or false
!             always: sometimes
!                     ^
! slipway.yaml:11:14: job 'test' needs 'bild', which does not exist; did you mean 'build'?
!         needs: [ bild ]
!                  ^
= 1
