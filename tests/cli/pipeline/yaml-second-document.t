# One file, one document.
# schema: n/a: two documents
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps: [ { run: make } ]
| ---
| slipway: 1
$ slipway check
! slipway.yaml:6:1: a second document is not allowed
!     ---
!     ^
= 1
