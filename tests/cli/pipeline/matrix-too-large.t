# A matrix has a limit.
# schema: accepts: cells are counted
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     matrix:
|       a0: [ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ]
|       a1: [ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ]
|       a2: [ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ]
|       a3: [ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ]
|       a4: [ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ]
|     steps: [ { run: make } ]
$ slipway check
! slipway.yaml:6:7: the matrix has more than 10240 cells
!           a0: [ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ]
!           ^
= 1
