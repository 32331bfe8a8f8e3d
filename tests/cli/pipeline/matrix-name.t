# Names of a matrix become variables.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     matrix: { Arch: [ amd64 ], libc-kind: [ musl ] }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:15: a matrix name must be 1 to 32 of a-z, 0-9 and '_', the first a letter, not 'Arch'
!         matrix: { Arch: [ amd64 ], libc-kind: [ musl ] }
!                   ^
! slipway.yaml:5:32: a matrix name must be 1 to 32 of a-z, 0-9 and '_', the first a letter, not 'libc-kind'
!         matrix: { Arch: [ amd64 ], libc-kind: [ musl ] }
!                                    ^
= 1
