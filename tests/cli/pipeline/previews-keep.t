# A preview that would stay for years.
# schema: n/a: no length of a time
file slipway.yaml
| slipway: 1
| project: demo
| previews: { assets: "*.deb", keep: 9000h }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:36: 'keep' must be more than nothing and at most 168h
!     previews: { assets: "*.deb", keep: 9000h }
!                                        ^
= 1
