# An input of a type that does not exist.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| inputs: { n: { type: number } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:22: 'type' cannot be 'number'; known are: string, int, bool, choice
!     inputs: { n: { type: number } }
!                          ^
= 1
