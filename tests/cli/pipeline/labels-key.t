# A label has a value or a file, nothing else.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs: { build: { executor: vm, labels: { qubes: { path: version } }, steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:49: label 'qubes' has no 'file'
!     jobs: { build: { executor: vm, labels: { qubes: { path: version } }, steps: [ { run: make } ] } }
!                                                     ^
! slipway.yaml:3:51: unknown key 'path' in label 'qubes'; known are: file
!     jobs: { build: { executor: vm, labels: { qubes: { path: version } }, steps: [ { run: make } ] } }
!                                                       ^
= 1
