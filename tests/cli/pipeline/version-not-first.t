# The version stands first, where a person looks for it.
# schema: accepts: a schema does not see the order of keys
file slipway.yaml
| project: demo
| slipway: 1
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:1:1: the first key must be 'slipway'
!     project: demo
!     ^
= 1
