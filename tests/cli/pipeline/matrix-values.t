# An axis is a list of different values.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     matrix: { arch: [], os: linux, libc: [ musl, musl ], bits: [ { a: b } ] }
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:5:21: matrix 'arch' must have 1 to 1000 items, not 0
!         matrix: { arch: [], os: linux, libc: [ musl, musl ], bits: [ { a: b } ] }
!                         ^
! slipway.yaml:5:29: matrix 'os' must be a list, not text
!         matrix: { arch: [], os: linux, libc: [ musl, musl ], bits: [ { a: b } ] }
!                                 ^
! slipway.yaml:5:50: matrix 'libc' 'musl' is there twice
!         matrix: { arch: [], os: linux, libc: [ musl, musl ], bits: [ { a: b } ] }
!                                                      ^
! slipway.yaml:5:66: matrix 'bits' must be text, not a map
!     s: linux, libc: [ musl, musl ], bits: [ { a: b } ] }
!                                             ^
= 1
