# A label without a text.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs: { build: { executor: vm, labels: { qubes: "" }, steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:49: label 'qubes' must be one line of 1 to 256 bytes
!     jobs: { build: { executor: vm, labels: { qubes: "" }, steps: [ { run: make } ] } }
!                                                     ^
= 1
