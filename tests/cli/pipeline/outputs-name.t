# Names of outputs.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs:
|   build:
|     steps: [ { run: make } ]
|     outputs: [ my-version ]
$ slipway check
! slipway.yaml:6:16: 'outputs' 'my-version' must be 1 to 64 letters, digits and '_', the first no digit
!         outputs: [ my-version ]
!                    ^
= 1
