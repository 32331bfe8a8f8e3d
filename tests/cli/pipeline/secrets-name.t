# Secrets that could not be variables.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jobs: { build: { secrets: [ "MY-TOKEN", SLIPWAY_TOKEN ], steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:29: 'secrets' 'MY-TOKEN' must be 1 to 64 letters, digits and '_', the first no digit
!     jobs: { build: { secrets: [ "MY-TOKEN", SLIPWAY_TOKEN ], steps: [ { run: make } ] } }
!                                 ^
! slipway.yaml:3:41: variable 'SLIPWAY_TOKEN' is set by Slipway and cannot be a secret
!     jobs: { build: { secrets: [ "MY-TOKEN", SLIPWAY_TOKEN ], steps: [ { run: make } ] } }
!                                             ^
= 1
