# Something that does not happen to releases.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| on: { release: [ publish ] }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:18: 'events' cannot be 'publish'; did you mean 'published'?
!     on: { release: [ publish ] }
!                      ^
= 1
