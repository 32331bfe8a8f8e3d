# A kind of target that does not exist.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| targets: { site: { type: ftp }, Other: { typ: directory } }
| jobs: { build: { steps: [ { run: make } ] } }
$ slipway check
! slipway.yaml:3:26: 'type' cannot be 'ftp'; known are: directory
!     targets: { site: { type: ftp }, Other: { typ: directory } }
!                              ^
! slipway.yaml:3:33: a target's name 'Other' must be 1 to 64 of a-z, 0-9, '.', '_', '-', the first a letter or digit
!     targets: { site: { type: ftp }, Other: { typ: directory } }
!                                     ^
! slipway.yaml:3:33: target 'Other' has no 'type'
!     targets: { site: { type: ftp }, Other: { typ: directory } }
!                                     ^
! slipway.yaml:3:42: unknown key 'typ' in target 'Other'; did you mean 'type'?
!     targets: { site: { type: ftp }, Other: { typ: directory } }
!                                              ^
= 1
