# A filter that can never match.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| on: { paths: [ "/src" ] }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:16: 'paths': cannot use glob '/src': empty part at column 1
!     on: { paths: [ "/src" ] }
!                    ^
= 1
