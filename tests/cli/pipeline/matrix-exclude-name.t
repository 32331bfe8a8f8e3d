# Excluding by a name the matrix does not have.
# schema: accepts: excludes are compared with names
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     matrix: { arch: [ amd64, arm64 ], exclude: [ { os: linux } ] }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:52: 'exclude' names 'os', which the matrix does not have
!         matrix: { arch: [ amd64, arm64 ], exclude: [ { os: linux } ] }
!                                                        ^
= 1
